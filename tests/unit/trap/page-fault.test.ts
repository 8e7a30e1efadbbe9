import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { DEMAND_WINDOW, DEMAND_WINDOW_SIZE, NO_PHYS, type VirtAddr } from "../../../kernel/lib/addr.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { translate } from "../../../kernel/mm/paging/walk.ts";
import { frameTake, framesFree } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { onTrap } from "../../../kernel/trap/dispatch.ts";
import { fatalInit } from "../../../kernel/trap/fatal.ts";
import { Halted, load64, loadVolatile8, store64, type Machine } from "../../fake/machine.ts";
import { bootedMachine, faultsReachTheKernel } from "./booted.ts";
import { trapFrame } from "./frame.ts";

let machine: Machine;
beforeEach(() => {
  machine = bootedMachine();
  serialInit();
  fatalInit(false);
});
/** Traps as a kernel-mode page fault at `va`. */
function fault(va: bigint, error: bigint, cs = 0x08n): void {
  machine.cpu.cr2 = va;
  onTrap(trapFrame(machine, { vector: 14n, error, cs }));
}

test("a touch in the demand-paged window is repaired with a zeroed frame, and the access goes on", () => {
  faultsReachTheKernel(machine);
  const free = framesFree();
  const va = DEMAND_WINDOW + 0x12_3008n;
  expect(load64(va)).toBe(0n);
  store64(va, 0x1122_3344_5566_7788n);
  expect(load64(va)).toBe(0x1122_3344_5566_7788n);
  expect(load64(va + 8n)).toBe(0n);
  expect(framesFree()).toBe(free - 3); // the page, and two tables under the window's own
  expect(machine.serialTake()).toBe("");
});

test("the window's first and last byte are in it, their neighbours are not", () => {
  faultsReachTheKernel(machine);
  expect(loadVolatile8(DEMAND_WINDOW)).toBe(0);
  expect(loadVolatile8(DEMAND_WINDOW + DEMAND_WINDOW_SIZE - 1n)).toBe(0);
  expect(() => loadVolatile8(DEMAND_WINDOW - 1n)).toThrow(Halted);
  fatalInit(false);
  expect(() => loadVolatile8(DEMAND_WINDOW + DEMAND_WINDOW_SIZE)).toThrow(Halted);
});

test("a stray kernel pointer is never repaired", () => {
  const free = framesFree();
  for (const va of [0n, 8n, 0x5000n, 0xffff_9000_0000_0000n, 0xffff_e000_0000_0000n]) {
    fatalInit(false);
    expect(() => fault(va, 0n)).toThrow(Halted);
    expect(machine.serialTake()).toContain("trap/fatal: #PF page fault");
    expect(framesFree()).toBe(free);
    expect(translate(kernelRoot(), va as VirtAddr)).toBe(NO_PHYS);
  }
});

test.each([
  ["a protection violation", 0b00001n],
  ["a reserved bit", 0b01001n],
  ["a reserved bit as QEMU reports it", 0b01000n],
  ["an instruction fetch", 0b10000n],
])("%s in the window is fatal", (_, error) => {
  const free = framesFree();
  expect(() => fault(DEMAND_WINDOW, error)).toThrow(Halted);
  expect(framesFree()).toBe(free);
});

test("a program's touch of the window is not the kernel's, and while none runs it is the end", () => {
  expect(() => fault(DEMAND_WINDOW, 0b00100n, 0x2bn)).toThrow(Halted);
});

test("a fault at a page that is mapped is told as what it is, and not repaired again and again", () => {
  fault(DEMAND_WINDOW, 0n);
  expect(() => fault(DEMAND_WINDOW, 0n)).toThrow(Halted);
  expect(machine.serialTake()).toContain("does not allow this access");
});

test("without a frame the kernel ends, and says that this was why", () => {
  while (frameTake(kernelFrames()) >= 0);
  expect(() => fault(DEMAND_WINDOW, 2n)).toThrow(Halted);
  expect(machine.serialTake()).toContain("trap/page-fault: no frame is left for this page\r\n");
});

test("every other vector is fatal under its name, but #DB and the devices' interrupts, which go on", () => {
  for (let vector = 0n; vector < 256n; vector++) {
    if (vector === 14n || vector === 1n || (vector >= 32n && vector < 48n)) continue;
    fatalInit(false);
    machine.serialTake();
    expect(() => onTrap(trapFrame(machine, { vector }))).toThrow(Halted);
    expect(machine.serialTake()).toMatch(/^\r\ntrap\/fatal: (#[A-Z]{2}|NMI|copro|vector) ?/);
  }
});
