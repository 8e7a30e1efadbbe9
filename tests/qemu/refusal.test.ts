import { expect, test } from "vitest";
import { bootToEnd, EXIT_SUCCESS } from "./machine.ts";
import { screenOf } from "./screen.ts";

/** The refusal on the serial line and, word for word, on the screen. */
test.each([
  ["no-execute pages", { flags: ["-cpu", "max,-nx"] }, "the CPU has no no-execute pages"],
  ["64-bit mode", { flags: ["-cpu", "max,-lm"] }, "the CPU has no 64-bit mode"],
  ["long mode at all", { flags: ["-cpu", "qemu32"] }, "the CPU has no 64-bit mode"],
])("a machine without %s is told so, on serial and on the screen", async (_what, boot, why) => {
  const { serial, screen } = await screenOf(boot, "The machine is halted.\n");
  expect(serial).toContain(`boot: this machine cannot run the kernel: ${why}\nThe machine is halted.\n`);
  expect(screen).toContain(why);
  for (const line of serial.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("a machine with too little memory is told so, on serial and on the screen", async () => {
  const { serial, screen } = await screenOf({ memory: "4M" }, "The machine is halted.\n");
  const why = "less than 4 MiB of memory is usable";
  expect(serial).toContain(`boot: this machine cannot run the kernel: ${why}\nThe machine is halted.\n`);
  expect(screen).toContain(why);
});

test("8 MiB are enough", async () => {
  const { log, status } = await bootToEnd({ memory: "8M", kernel: "test", options: "scenario=heap panic=exit" });
  expect(log).toContain("boot: up");
  expect(status, log).toBe(EXIT_SUCCESS);
});
