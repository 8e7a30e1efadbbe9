import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, sandboxCreate } from "./sandbox.ts";

const NASM_BIN = join(ROOT, "scripts/nasm-bin/nasm.js");

/** What `npx nasm ARGS` does on a machine whose nasm consists of `lines`. */
function nasm(lines: string[] | undefined, ...args: string[]) {
  const here = sandboxCreate();
  if (lines) here.fake("nasm", ...lines);
  return here.run(process.execPath, [NASM_BIN, ...args]);
}

/** Reports `version` to -v; otherwise prints its arguments and fails. */
const saying = (version: string) => [
  `if [ "$*" = -v ]; then echo "NASM version ${version} compiled on Jan  1 2024"; exit 0; fi`,
  'echo "$#: $*"',
  "exit 9",
];

test("the system's NASM runs with the same arguments, and its status is passed on", () => {
  expect(nasm(saying("2.16.01"), "-f", "elf64", "two words.asm")).toMatchObject({
    status: 9,
    stdout: "3: -f elf64 two words.asm\n",
  });
});

test.each(["2.15", "2.15.05", "3.01"])("NASM %s will do", (version) => {
  expect(nasm(saying(version)).status).toBe(9);
});

test.each(["2.14.02", "0.98.39"])("NASM %s is refused with the version that is needed", (version) => {
  const { status, stderr } = nasm(saying(version));
  expect(status).toBe(127);
  expect(stderr).toContain("2.15 is needed; on Debian or Ubuntu: apt-get install nasm");
});

test("a missing NASM is refused with the command that installs it", () => {
  expect(nasm(undefined)).toMatchObject({
    status: 127,
    stderr: "nasm-bin: nasm is not installed; on Debian or Ubuntu: apt-get install nasm\n",
  });
});

test("something else by the name of nasm is refused", () => {
  const { status, stderr } = nasm(["echo hello"]);
  expect(status).toBe(127);
  expect(stderr).toContain("does not say its version");
});

test("it does not take itself for the system's NASM", () => {
  const here = sandboxCreate();
  const env = { PATH: `${join(ROOT, "node_modules/.bin")}:${join(here.folder, "bin")}` };
  expect(here.run(process.execPath, [NASM_BIN], env)).toMatchObject({
    status: 127,
    stderr: expect.stringContaining("not installed"),
  });
});

test("a NASM that is ended by a signal ends this one in the same way", () => {
  const lines = [...saying("2.16.01").slice(0, 1), "kill -9 $$"];
  expect(nasm(lines).status).toBe(null);
});
