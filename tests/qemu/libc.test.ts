/** A program with a C library, GNU's and musl's, says and ends here as it does on the host. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "./machine.ts";
import { ProgramMachine } from "./program-disk.ts";

const FLAGS = ["-static", "-O1", "-Wall", "-Wextra", "-Werror"];
const COMPILERS = ["gcc", "musl-gcc"].filter((compiler) => {
  const probe = ["-static", "-x", "c", "-o", "/dev/null", "-"];
  return spawnSync(compiler, probe, { input: "int main(void) { return 0; }" }).status === 0;
});

describe.skipIf(COMPILERS.length === 0)("a program", () => {
  const folder = mkdtempSync(join(tmpdir(), "libc-"));
  const fileOf = (compiler: string): string => join(folder, `libc-${compiler}`);
  let machine: ProgramMachine;
  beforeAll(async () => {
    for (const compiler of COMPILERS) {
      execFileSync(compiler, [...FLAGS, "-o", fileOf(compiler), "tests/programs/libc.c"], { cwd: ROOT });
    }
    machine = await ProgramMachine.boot(folder, COMPILERS.map(fileOf));
    await machine.talk.ask(`run libc-${COMPILERS[0]}`); // what it leaves for those that follow is kept
  }, 60_000);
  afterAll(() => machine.close());

  test.each(COMPILERS)("built with %s -static says what it says on the host, and ends likewise", async (compiler) => {
    const host = spawnSync(fileOf(compiler), ["one", "two words"], { encoding: "utf8" });
    expect(host.status).toBe(3);
    const said = await machine.run(`libc-${compiler} one 'two words'`);
    // What a library asks for in vain is said once, in between.
    const own = said.filter((line) => !line.startsWith("syscall: not here: "));
    expect(own).toEqual([...host.stdout.trimEnd().split("\n"), `libc-${compiler} ended with 3`]);
  });
});
