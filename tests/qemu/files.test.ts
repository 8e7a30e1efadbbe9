/** Descriptors, pipes, paths, what is typed, and what else programs ask first: as Linux has them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProgramMachine } from "./program-disk.ts";

let machine: ProgramMachine;
beforeAll(async () => {
  machine = await ProgramMachine.open(["files", "pipes", "lines", "machine", "endless"]);
  await machine.talk.ask("run pipes"); // kernel stacks and a slab's last frame are kept for those that follow
}, 60_000);
afterAll(() => machine.close());

test("descriptors, the console as a file and paths do and refuse what Linux does and refuses", async () => {
  expect(await machine.run("files")).toEqual(["said by 3", "said by 100", "in parts", "files are as Linux has them"]);
});

test("pipes do and refuse what Linux does and refuses, and who waits at one is woken", async () => {
  expect(await machine.run("pipes")).toEqual(["pipes are as Linux has them"]);
});

test("programs are told what machine it is, and what they may have", async () => {
  expect(await machine.run("machine")).toEqual(["the machine is as Linux would tell"]);
});

test("who writes where nobody reads gets SIGPIPE; Ctrl-C and Ctrl-\\ end what runs, and its children", async () => {
  expect(await machine.run("endless pipe")).toEqual(["endless was ended by signal 13"]);
  const before = await machine.framesFree();
  for (const [what, key, signal] of [
    ["spin", "\x03", 2], ["sleep", "\x03", 2], ["fork", "\x03", 2], ["spin", "\x1c", 9], ["raw", "\x1c", 9],
  ] as const) {
    machine.talk.type(`run endless ${what}\r`);
    await machine.talk.expect("ready\n");
    machine.talk.type(key);
    expect(await machine.talk.expect("\n> ")).toContain(`endless was ended by signal ${signal}\n`);
    await machine.talk.ask("mem"); // and children have their end
    expect(await machine.framesFree()).toBe(before);
  }
});

test("what is typed while a program runs is the program's: lines, the end, single keys", async () => {
  const before = await machine.framesFree();
  machine.talk.type("run lines\r");
  await machine.talk.expect("ready\n");
  const say = async (typed: string, answer: string): Promise<void> => {
    machine.talk.type(typed);
    await machine.talk.expect(answer);
  };
  await say("one\r", "one\ngot 4: one\n");
  await say("no\x15tqw\x7f\x7fwo\r", "two\ngot 4: two\n".slice(3));
  await say("half\x04", "got 4: half");
  await say("raw\r", "raw\ngot 4: raw\n");
  await say("k", "key 107\n");
  await say("\r", "key 10\n");
  await say("q", "key 113\n");
  await say("x\ry\r", "got 2: x\ngot 2: y\n");
  machine.talk.type("\x04");
  expect(await machine.talk.expect("\n> ")).toBe("the end\n> ");
  expect(await machine.framesFree()).toBe(before);
});
