/** make run PROGRAM=…: a Linux program is run at once, and how it ended is said. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "./machine.ts";
import { Made } from "./readme.ts";

const PROMPT = "\n> ";
const SOURCE = `#include <stdio.h>
int main(int count, char **words) {
  for (puts("ready"); count == 1;) continue;
  for (int i = 1; i < count; i++) printf("%d: %s\\n", i, words[i]);
  return count;
}
`;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(ROOT, "build/run-"));
  writeFileSync(join(folder, "words.c"), SOURCE);
  for (const [name, ...flags] of [["words", "-static"], ["dynamic"]]) {
    execFileSync("gcc", [...flags, "-o", join(folder, name!), join(folder, "words.c")]);
  }
});
// make run has made another image.
afterAll(() => {
  rmSync(folder, { recursive: true });
  execFileSync("make", ["-s", "build"], { cwd: ROOT, env: { ...process.env, MAKEFLAGS: "" } });
});

/** What the kernel said to what it was given to obey first. */
async function ran(program: string, words: string): Promise<string[]> {
  const made = new Made(`make run PROGRAM=${program} ARGS=${quoted(words)}`);
  try {
    await made.until(PROMPT, 60);
    const said = await made.until(PROMPT);
    made.type("exit\r");
    expect(await made.ended()).toBe(0);
    return said.split("\n");
  } finally {
    made.close();
  }
}
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

test("it gets its arguments as a shell would give them", async () => {
  const words = `one 'two words' "\\"$x" "" a'b'\\ c`;
  expect(await ran(join(folder, "words"), words)).toEqual([
    `run words ${words}`, "ready", "1: one", "2: two words", '3: "$x', "4: ", "5: ab c", "words ended with 6",
  ]);
});

test("one that never ends is ended by Ctrl-C, and so is QEMU at the prompt", async () => {
  const made = new Made(`make run PROGRAM=${join(folder, "words")}`);
  try {
    await made.until("ready\n", 60);
    made.type("\x03");
    expect(await made.until(PROMPT)).toBe("^C\nwords was ended by signal 2");
    made.type("\x03");
    expect(await made.until(PROMPT)).toBe("^C\nCtrl-C once more leaves QEMU, as exit does.");
    made.type("\x03");
    expect(await made.ended()).toBe(0);
  } finally {
    made.close();
  }
});

test("a quote that is not closed, and a program that wants a dynamic linker, are told", async () => {
  expect((await ran(join(folder, "words"), "'a")).slice(1)).toEqual(["A quote is not closed; nothing was run."]);
  expect((await ran(join(folder, "dynamic"), "")).slice(1)).toEqual([
    "dynamic cannot be run: it wants a dynamic linker: link it with -static.",
  ]);
});

test("of a file that is not there make says so", async () => {
  const made = new Made("make run PROGRAM=build/no-such-file");
  await made.until("make: there is no file build/no-such-file\n");
  expect(await made.ended()).toBe(2);
});
