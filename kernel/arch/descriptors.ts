/**
 * The tables that make the CPU enter the kernel: GDT, TSS and IDT, all in .bss.
 *
 *   GDT   0x08 kernel code  0x10 kernel data  0x28 user data  0x30 user code  0x38 TSS (two entries)
 *
 * User data comes before user code, 8 apart, because `sysret` computes both from one base. What a program sees in CS
 * and SS, 0x33 and 0x2b, is what Linux shows it. Intel SDM vol. 3A, "Protected-Mode Memory Management", "Task
 * Management in 64-bit Mode", "64-Bit Mode IDT".
 */
import { loadGdt, loadIdt, loadTaskRegister, staticBytes, store64, trapStub } from "../doors/machine.ts";
import type { VirtAddr } from "../lib/addr.ts";
import { bytes, layout, packed, u16, u32, u64, u8 } from "../lib/layout.ts";
import { doubleFaultStackTop, machineCheckStackTop, nmiStackTop, stackTop } from "./image.ts";
import { VECTOR } from "./trap-frame.ts";

/** What CS, SS and TR hold; a program's selectors also carry its privilege level 3 in the low bits. */
export const SELECTOR = {
  KERNEL_CODE: 0x08,
  KERNEL_DATA: 0x10,
  USER_DATA: 0x28,
  USER_CODE: 0x30,
  TASK: 0x38,
} as const;

/** A whole code or data descriptor: 64-bit mode ignores base and limit. "Accessed" is set: the CPU need not write. */
const SEGMENT = {
  KERNEL_CODE: 0x00af_9b00_0000_ffffn, // present, level 0, execute and read, L
  KERNEL_DATA: 0x00cf_9300_0000_ffffn, // present, level 0, read and write
  USER_DATA: 0x00cf_f300_0000_ffffn, // present, level 3, read and write
  USER_CODE: 0x00af_fb00_0000_ffffn, // present, level 3, execute and read, L
} as const;

/*
 *   TASK_DESCRIPTOR, 16 bytes
 *   +0   | limitLow  | baseLow   | baseMiddle| flags| limitHighAndFlags| baseHigh|
 *   +8   | baseUpper             | reserved              |
 */
const TASK_DESCRIPTOR = layout(16, {
  limitLow: u16,
  baseLow: u16,
  baseMiddle: u8,
  flags: u8,
  limitHighAndFlags: u8,
  baseHigh: u8,
  baseUpper: u32,
  reserved: u32,
});
const TASK_AVAILABLE = 0x89; // present, level 0, 64-bit TSS that is not busy

/*
 *   TASK_STATE, 104 bytes
 *   +0   | reserved0             | rsp0                  |
 *   +8   |                       | rsp1                  |
 *   +16  |                       | rsp2                  |
 *   +24  |                       | reserved1             |
 *   +32  |                       | ist1                  |
 *   +40  |                       | ist2                  |
 *   +48  |                       | ist3                  |
 *   +56  |                       |                       |
 *   +64  | otherStacks                                   |
 *   +72  ...
 *   +88  |                       | reserved2             |
 *   +96  |                       | reserved3 | ioMapBase |
 */
const TASK_STATE = layout(104, {
  reserved0: u32,
  rsp0: packed(u64),
  rsp1: packed(u64),
  rsp2: packed(u64),
  reserved1: packed(u64),
  ist1: packed(u64),
  ist2: packed(u64),
  ist3: packed(u64),
  otherStacks: bytes(32),
  reserved2: packed(u64),
  reserved3: u16,
  ioMapBase: u16,
});

/*
 *   GATE, 16 bytes
 *   +0   | offsetLow     | selector      | ist   | flags | offsetMiddle  |
 *   +8   | offsetHigh                    | reserved                      |
 */
const GATE = layout(16, {
  offsetLow: u16,
  selector: u16,
  ist: u8,
  flags: u8,
  offsetMiddle: u16,
  offsetHigh: u32,
  reserved: u32,
});
const INTERRUPT_GATE = 0x8e; // present, level 0, 64-bit interrupt gate: clears IF
const USER_GATE = 0xee; // the same for level 3: int3 is a program's to use

/** Entries of the interrupt stack table: an exception switches there, as the stack in use may be what is broken. */
const IST = { NONE: 0, DOUBLE_FAULT: 1, NMI: 2, MACHINE_CHECK: 3 } as const;

/** What lgdt and lidt read. */
const TABLE_REGISTER = layout(10, { limit: u16, base: packed(u64) });

const GDT_SIZE = 72;
const GATE_COUNT = 256;
const IDT_SIZE = GATE_COUNT * GATE.SIZE;

const gdt = staticBytes(GDT_SIZE, 16);
const idt = staticBytes(IDT_SIZE, 16);
const taskState = staticBytes(TASK_STATE.SIZE, 16);
const gdtRegister = staticBytes(TABLE_REGISTER.SIZE, 16);
const idtRegister = staticBytes(TABLE_REGISTER.SIZE, 16);

let loaded = false; // traps reach onTrap

/** Builds and loads all three. Takes no memory and cannot fail, so it comes first at boot: then panics report. */
export function descriptorsInit(): void {
  taskStateBuild();
  gdtBuild();
  registerSet(gdtRegister, gdt, GDT_SIZE);
  loadGdt(gdtRegister);
  loadTaskRegister(SELECTOR.TASK);

  for (let vector = 0; vector < GATE_COUNT; vector++) {
    const flags = vector === VECTOR.BREAKPOINT ? USER_GATE : INTERRUPT_GATE;
    gateBuild(idt + BigInt(vector * GATE.SIZE), trapStub(vector), istFor(vector), flags);
  }
  registerSet(idtRegister, idt, IDT_SIZE);
  loadIdt(idtRegister);
  loaded = true;
}

/** Does a trap reach onTrap yet? Before that, any fault resets the machine. */
export function descriptorsLoaded(): boolean {
  return loaded;
}

/** The stack on which the CPU enters the kernel from a program. */
export function kernelStackSet(top: VirtAddr): void {
  TASK_STATE.setRsp0(taskState, top);
}

function taskStateBuild(): void {
  TASK_STATE.setRsp0(taskState, stackTop());
  TASK_STATE.setIst1(taskState, doubleFaultStackTop());
  TASK_STATE.setIst2(taskState, nmiStackTop());
  TASK_STATE.setIst3(taskState, machineCheckStackTop());
  TASK_STATE.setIoMapBase(taskState, TASK_STATE.SIZE); // past the limit: programs may use no port
}

function gdtBuild(): void {
  segmentSet(SELECTOR.KERNEL_CODE, SEGMENT.KERNEL_CODE);
  segmentSet(SELECTOR.KERNEL_DATA, SEGMENT.KERNEL_DATA);
  segmentSet(SELECTOR.USER_DATA, SEGMENT.USER_DATA);
  segmentSet(SELECTOR.USER_CODE, SEGMENT.USER_CODE);

  const task = gdt + BigInt(SELECTOR.TASK);
  TASK_DESCRIPTOR.setLimitLow(task, TASK_STATE.SIZE - 1);
  TASK_DESCRIPTOR.setBaseLow(task, Number(taskState & 0xffffn));
  TASK_DESCRIPTOR.setBaseMiddle(task, Number((taskState >> 16n) & 0xffn));
  TASK_DESCRIPTOR.setFlags(task, TASK_AVAILABLE); // again at each build: ltr has marked it busy
  TASK_DESCRIPTOR.setLimitHighAndFlags(task, 0);
  TASK_DESCRIPTOR.setBaseHigh(task, Number((taskState >> 24n) & 0xffn));
  TASK_DESCRIPTOR.setBaseUpper(task, Number(taskState >> 32n));
  TASK_DESCRIPTOR.setReserved(task, 0);
}

function segmentSet(selector: number, descriptor: bigint): void {
  store64(gdt + BigInt(selector), descriptor);
}

function gateBuild(gate: bigint, code: bigint, ist: number, flags: number): void {
  GATE.setOffsetLow(gate, Number(code & 0xffffn));
  GATE.setSelector(gate, SELECTOR.KERNEL_CODE);
  GATE.setIst(gate, ist);
  GATE.setFlags(gate, flags);
  GATE.setOffsetMiddle(gate, Number((code >> 16n) & 0xffffn));
  GATE.setOffsetHigh(gate, Number(code >> 32n));
  GATE.setReserved(gate, 0);
}

function istFor(vector: number): number {
  switch (vector) {
    case VECTOR.DOUBLE_FAULT:
      return IST.DOUBLE_FAULT;
    case VECTOR.NMI:
      return IST.NMI;
    case VECTOR.MACHINE_CHECK:
      return IST.MACHINE_CHECK;
    default:
      return IST.NONE;
  }
}

function registerSet(register: bigint, table: bigint, size: number): void {
  TABLE_REGISTER.setLimit(register, size - 1);
  TABLE_REGISTER.setBase(register, table);
}
