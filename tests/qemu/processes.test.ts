/** What programs ask of each other and of the kernel beside memory and files: signals, time, other programs. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProgramMachine } from "./program-disk.ts";

let machine: ProgramMachine;
beforeAll(async () => {
  machine = await ProgramMachine.open(["signals", "exec", "hello", "time"], {}, { text: "no program\n".repeat(10) });
  await machine.talk.ask("run exec"); // as many kernel stacks as any program needs are kept from now on
}, 60_000);
afterAll(() => machine.close());

test("signals that nobody handles do to processes what Linux says, and wait4 tells it", async () => {
  expect(await machine.run("signals")).toEqual(["signals are as Linux has them", "signals was ended by signal 15"]);
});

test("execve, vfork, clone and wait do and refuse what Linux does and refuses", async () => {
  expect(await machine.run("exec")).toEqual([
    "one", "two three", "HOME=/", "A=b", "hello, world", "argument from exec", "child", "child ended with 42",
    "an orphan has no parent", "programs are as Linux has them",
  ]);
});

test("clocks, sleeps and alarms do and refuse what Linux does and refuses", async () => {
  expect(await machine.run("time")).toEqual(["time is as Linux has it"]);
});
