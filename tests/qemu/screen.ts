/** Reads the text screen of a virtual machine from outside, through QEMU's monitor. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Boot, commandFor, ROOT } from "./machine.ts";

const SCREEN = 0xb8000;
const CELLS = 80 * 25;

/** Boots until `until` was said on the serial line; then what that line and the screen show. */
export async function screenOf(boot: Boot, until: string): Promise<{ serial: string; screen: string }> {
  const folder = mkdtempSync(join(tmpdir(), "screen-"));
  const log = join(folder, "serial");
  const dump = join(folder, "screen");
  const flags = ["-device", "VGA", "-qmp", "stdio", ...(boot.flags ?? [])];
  const command = commandFor({ ...boot, flags }, `file:${log}`);
  const qemu = spawn("sh", command, { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
  try {
    const said = () => readFileSync(log, { encoding: "latin1", flag: "a+" }).replaceAll("\r\n", "\n");
    await eventually(() => said().includes(until), () => `no "${until}" in:\n${said()}`);
    const save = { execute: "pmemsave", arguments: { val: SCREEN, size: CELLS * 2, filename: dump } };
    qemu.stdin?.write(`{"execute":"qmp_capabilities"}${JSON.stringify(save)}`);
    const saved = () => readFileSync(dump, { flag: "a+" });
    await eventually(() => saved().length === CELLS * 2, () => "the screen could not be read");
    const cells = Buffer.from(saved().filter((_, index) => index % 2 === 0));
    return { serial: said(), screen: cells.toString("latin1") };
  } finally {
    qemu.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

async function eventually(done: () => boolean, otherwise: () => string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(otherwise());
    await new Promise((next) => setTimeout(next, 20));
  }
}
