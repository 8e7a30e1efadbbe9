import { expect, test } from "vitest";
import { descriptorsInit } from "../../../kernel/arch/descriptors.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { panic } from "../../../kernel/base/panic.ts";
import { fakeMachine, KernelPanic } from "../../fake/machine.ts";

test("before the descriptor tables stand, a panic says itself what is wrong; after that, the trap does", () => {
  const machine = fakeMachine();
  serialInit();
  expect(() => panic("frames: given back twice", 0x1234n)).toThrow(KernelPanic);
  expect(machine.serialTake()).toBe("base/panic: frames: given back twice value=0x1234\r\n");

  descriptorsInit();
  expect(() => panic("frames: given back twice", 0x1234n)).toThrow(KernelPanic);
  expect(machine.serialTake()).toBe("");
});

test("message and value reach the trap", () => {
  const trapped = (act: () => never) => {
    try {
      return act();
    } catch (end) {
      return end as KernelPanic;
    }
  };
  const value = 2n ** 64n - 1n;
  expect(trapped(() => panic("heap: corrupted", value))).toMatchObject({ message: "heap: corrupted", value });
  expect(trapped(() => panic("no value"))).toMatchObject({ value: 0n });
});
