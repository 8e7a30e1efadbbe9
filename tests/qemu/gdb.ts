/** gdb as a test has it: told what to do beforehand, on a kernel that waits before its first instruction. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandFor, ROOT } from "./machine.ts";

export const HAS_GDB = spawnSync("gdb", ["--version"]).status === 0;

/** What gdb says to `commands`; an error in one does not keep it from the next. */
export async function gdbSession(kernel: "kernel" | "debug", ...commands: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "gdb-"));
  const socket = join(folder, "gdb");
  const flags = ["-S", "-gdb", `unix:${socket},server=on,wait=off`];
  const machine = spawn("sh", commandFor({ kernel, flags }, "none"), { cwd: ROOT, stdio: "ignore" });
  try {
    while (!existsSync(socket)) {
      if (machine.exitCode !== null) throw new Error(`QEMU ended with ${machine.exitCode}`);
      await new Promise((done) => setTimeout(done, 20));
    }
    return gdbRun(kernel, `target remote ${socket}`, ...commands, "kill");
  } finally {
    machine.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

/** The same without a machine. */
export function gdbRun(kernel: "kernel" | "debug", ...commands: string[]): string {
  const each = ["source scripts/gdb/palimpsest.py", ...commands].flatMap((command) => ["-ex", command]);
  const { stdout, stderr } = spawnSync("gdb", ["-nx", "-batch", ...each, `build/${kernel}.elf`], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 50_000,
  });
  return stdout + stderr;
}

/** `page-fault.ts:14`, where the file has the line `text`. */
export function placeOf(path: string, text: string): string {
  const lines = readFileSync(join(ROOT, path), "utf8").split("\n");
  const index = lines.findIndex((line) => line.trim().startsWith(text));
  if (index < 0) throw new Error(`no line of ${path} begins with ${text}`);
  return `${path}:${index + 1}`;
}
