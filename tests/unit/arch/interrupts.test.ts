import { beforeEach, expect, test } from "vitest";
import {
  interruptsInit, irqClose, irqEnd, irqIsSpurious, irqOpen, IRQ_COUNT, IRQ_VECTOR,
} from "../../../kernel/arch/interrupts.ts";
import { fakeMachine } from "../../fake/machine.ts";
import { FakePics } from "../../fake/pic.ts";

let pics: FakePics;
beforeEach(() => {
  pics = new FakePics().plug(fakeMachine().portPlug);
  interruptsInit();
});

test("both controllers are set up as the datasheet says, behind the CPU's own vectors", () => {
  expect(pics.first.words).toEqual([0x11, 32, 0b100, 1]);
  expect(pics.second.words).toEqual([0x11, 40, 2, 1]);
});

test("no line interrupts until it is opened, and none after it is closed", () => {
  for (let line = 0; line < IRQ_COUNT; line++) {
    if (line === 2) continue; // no device can be there
    pics.raise(line);
    expect(pics.acknowledged()).toBeNull();
    irqOpen(line);
    expect(pics.acknowledged()).toBe(IRQ_VECTOR + line);
    expect(irqIsSpurious(line)).toBe(false);
    irqEnd(line);
    irqClose(line);
    pics.raise(line);
    expect(pics.acknowledged()).toBeNull();
    pics.first.requested = pics.second.requested = 0;
  }
});

test("a line that is in service does not come again, nor any of lower priority, before irqEnd", () => {
  for (const line of [0, 4, 8]) irqOpen(line);
  pics.raise(0);
  expect(pics.acknowledged()).toBe(32);
  for (const line of [0, 4, 8]) pics.raise(line);
  expect(pics.acknowledged()).toBeNull();
  irqEnd(0);
  expect([pics.acknowledged(), irqEnd(0)]).toEqual([32, undefined]);
  expect([pics.acknowledged(), irqEnd(8)]).toEqual([40, undefined]); // the second PIC is on line 2: above line 4
  expect([pics.acknowledged(), irqEnd(4)]).toEqual([36, undefined]);
  expect([pics.first.inService, pics.second.inService]).toEqual([0, 0]);
});

test("a spurious interrupt is known for one, and what is in service stays so", () => {
  irqOpen(4);
  pics.raise(4);
  pics.acknowledged();
  expect(pics.spurious()).toBe(IRQ_VECTOR + 7);
  expect(irqIsSpurious(7)).toBe(true);
  expect(pics.first.inService).toBe(1 << 4);
});

test("a spurious one of the second controller is ended on the first, which did pass it on", () => {
  irqOpen(12);
  pics.raise(12);
  pics.retract(12);
  expect(pics.acknowledged()).toBe(IRQ_VECTOR + 15);
  expect(irqIsSpurious(15)).toBe(true);
  expect([pics.first.inService, pics.second.inService]).toEqual([0, 0]);
});

test("a real interrupt on line 7 or 15 is not taken for a spurious one", () => {
  for (const line of [7, 15]) {
    irqOpen(line);
    pics.raise(line);
    expect(pics.acknowledged()).toBe(IRQ_VECTOR + line);
    expect(irqIsSpurious(line)).toBe(false);
    irqEnd(line);
  }
  expect([pics.first.inService, pics.second.inService]).toEqual([0, 0]);
});
