import { beforeEach, expect, test } from "vitest";
import { IRQ, IRQ_COUNT, IRQ_VECTOR, interruptsInit, irqOpen } from "../../../kernel/arch/interrupts.ts";
import { serialInit, serialInterrupt, serialRead } from "../../../kernel/arch/serial.ts";
import { irqsOn, irqsSpurious } from "../../../kernel/base/counters.ts";
import { onTrap } from "../../../kernel/trap/dispatch.ts";
import { FakePics } from "../../fake/pic.ts";
import type { Machine } from "../../fake/machine.ts";
import { bootedMachine } from "./booted.ts";
import { trapFrame } from "./frame.ts";

let machine: Machine;
let pics: FakePics;
beforeEach(() => {
  machine = bootedMachine();
  pics = new FakePics().plug(machine.portPlug);
  interruptsInit();
  serialInit();
});

/** All that is pending is served, as the CPU would have it served. */
function served(): number[] {
  const vectors: number[] = [];
  for (let vector = pics.acknowledged(); vector !== null; vector = pics.acknowledged()) {
    onTrap(trapFrame(machine, { vector: BigInt(vector) }));
    vectors.push(vector);
  }
  return vectors;
}

/** What serialRead gives until there is nothing. */
function read(): string {
  let text = "";
  for (let byte = serialRead(); byte >= 0; byte = serialRead()) text += String.fromCharCode(byte);
  return text;
}

test("an interrupt on each line is counted on its line, ended, and interrupts nothing else", () => {
  const before = Array.from({ length: IRQ_COUNT }, (_, line) => irqsOn(line));
  for (let line = 0; line < IRQ_COUNT; line++) {
    if (line === IRQ.SECOND_PIC) continue;
    irqOpen(line);
    pics.raise(line);
    expect(served()).toEqual([IRQ_VECTOR + line]);
  }
  before.forEach((count, line) => {
    expect(irqsOn(line) - count).toBe(line === IRQ.SECOND_PIC ? 0n : 1n);
  });
  expect([pics.first.inService, pics.second.inService, machine.serialTake()]).toEqual([0, 0, ""]);
});

test("a spurious interrupt is counted by itself and serves nobody", () => {
  const before = [irqsSpurious(), irqsOn(7)];
  onTrap(trapFrame(machine, { vector: BigInt(pics.spurious()) }));
  expect([irqsSpurious() - before[0]!, irqsOn(7) - before[1]!]).toEqual([1n, 0n]);
});

test("what has interrupted waits in the queue, in front of what has not", () => {
  serialInterrupt();
  machine.serialType("mem\r");
  pics.raise(IRQ.SERIAL);
  expect(served()).toEqual([IRQ_VECTOR + IRQ.SERIAL]);
  machine.serialType("exit\r");
  expect(read()).toBe("mem\rexit\r");
});

test("more than the queue holds stays in the UART, and nothing is lost or out of order", () => {
  serialInterrupt();
  const text = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(33 + (i % 90))).join("");
  machine.serialType(text);
  for (let i = 0; i < 3; i++) {
    pics.raise(IRQ.SERIAL);
    served();
  }
  expect(read()).toBe(text);
});
