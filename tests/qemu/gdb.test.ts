import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandFor, ROOT } from "./machine.ts";

const HAS_GDB = spawnSync("gdb", ["--version"]).status === 0;
const PYTHON = "scripts/gdb/palimpsest.py";

/** What gdb says to `commands`, run once the kernel is about to show its prompt. */
async function gdbAtThePrompt(...commands: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "gdb-"));
  const socket = join(folder, "gdb");
  const flags = ["-S", "-gdb", `unix:${socket},server=on,wait=off`];
  const machine = spawn("sh", commandFor({ flags }, "none"), { cwd: ROOT, stdio: "ignore" });
  try {
    while (!existsSync(socket)) await new Promise((done) => setTimeout(done, 20));
    const all = [`target remote ${socket}`, `hbreak ${placeOf("consoleRun();")}`, "continue", ...commands, "kill"];
    return gdb(...all);
  } finally {
    machine.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

function gdb(...commands: string[]): string {
  const each = [`source ${PYTHON}`, ...commands].flatMap((command) => ["-ex", command]);
  const { stdout, stderr } = spawnSync("gdb", ["-nx", "-batch", ...each, "build/kernel.elf"], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 30_000,
  });
  return stdout + stderr;
}

/** The line of main.ts that says `text`. */
function placeOf(text: string): string {
  const lines = readFileSync(join(ROOT, "kernel/main.ts"), "utf8").split("\n");
  return `kernel/main.ts:${lines.findIndex((line) => line.trim() === text) + 1}`;
}

test.skipIf(!HAS_GDB)("gdb prints the kernel's records by their layouts", async () => {
  const said = await gdbAtThePrompt("print-record 0x444444440000 HEADER", "print-record &regions SPAN");
  expect(said).toMatch(/^HEADER at 0x444444440000, 16 bytes\n {2}\+0 +units +65535 +0xffff\n/m);
  expect(said).toMatch(/^ {2}\+8 +seal +\d+ +0x[0-9a-f]+$/m);
  const regions = BigInt(`0x${/^(\w+) . regions$/m.exec(symbols())?.[1] ?? "0"}`);
  expect(said).toContain(`SPAN at 0x${regions.toString(16)}, 24 bytes\n  +0    start `);
  expect(said).toMatch(/^ {2}\+16 +kind +2 +0x2$/m); // REGION_LOW: the first MiB
});

const symbols = (): string => execFileSync("nm", ["build/kernel.elf"], { cwd: ROOT, encoding: "utf8" });

test.skipIf(!HAS_GDB)("a layout that does not exist gets the list of those that do", () => {
  expect(gdb("print-record 0 NOBODY")).toMatch(/there is no layout NOBODY; there are: .*\bHEADER\b.*\bSPAN\b/);
  expect(gdb("print-record")).toContain("print-record ADDRESS LAYOUT");
});
