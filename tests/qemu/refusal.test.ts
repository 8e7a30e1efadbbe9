import { expect, test } from "vitest";
import { bootToEnd } from "./machine.ts";
import { screenOf } from "./screen.ts";

/** The refusal on the serial line and, word for word, on the screen. */
test.each([
  ["no-execute pages", { flags: ["-cpu", "max,-nx"] }, "the CPU has no no-execute pages"],
  ["64-bit mode", { flags: ["-cpu", "max,-lm"] }, "the CPU has no 64-bit mode"],
  ["long mode at all", { flags: ["-cpu", "qemu32"] }, "the CPU has no 64-bit mode"],
])("a machine without %s is told so, on serial and on the screen", async (_what, boot, why) => {
  const { serial, screen } = await screenOf(boot, "Halted.");
  expect(serial).toContain(`boot: this machine cannot run the kernel: ${why}. Halted.\n`);
  expect(screen).toContain(why);
});

test("a machine with too little memory is told so, on serial and on the screen", async () => {
  const { serial, screen } = await screenOf({ memory: "4M" }, "Halted.");
  const why = "it has less than 4 MiB of usable memory";
  expect(serial).toContain(`boot: this machine cannot run the kernel: ${why}. Halted.\n`);
  expect(screen).toContain(why);
});

test("the smallest machine that is not refused comes up", async () => {
  const { log, status } = await bootToEnd({ memory: "8M", kernel: "test", options: "scenario=heap panic=exit" });
  expect(log).toContain("boot: up");
  expect(status, log).toBe(33);
});
