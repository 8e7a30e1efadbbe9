/**
 * The exceptions provoked, each in the realest way that ring 0 of QEMU's TCG has: tests/qemu/exceptions.test.ts has the
 * table of ways. Those that can be survived come in one run, each shown by watch.ts; the others end theirs.
 */
import { SELECTOR } from "../../../kernel/arch/descriptors.ts";
import { textStart } from "../../../kernel/arch/image.ts";
import { CALL_RETURNED, VECTOR } from "../../../kernel/arch/trap-frame.ts";
import { logLine } from "../../../kernel/base/log.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import {
  breakpoint, load16, load64, loadTaskRegister, readCr0, readCr4, staticBytes, store16, store64, trapStub, tryCallAt,
  writeCr0, writeCr4,
} from "../../../kernel/doors/machine.ts";
import { layout, packed, u16, u64 } from "../../../kernel/lib/layout.ts";
import { code, codeByte, codeGive, codeRun, codeTake, codeWord } from "./code.ts";
import { claim, scenarioBegin, scenarioEnd } from "./check.ts";
import { watchBegin, watchEnd, watchFor, watchStacks } from "./watch.ts";

const CR0_TASK_SWITCHED = 1n << 3n;
const CR4_OSFXSR = 1n << 9n;
const CR4_OSXMMEXCPT = 1n << 10n;
/** The unused entry of the GDT, and one past its end. */
const SPARE_SELECTOR = 0x18n;
/** A data segment like the kernel's, but for its present bit. */
const ABSENT_SEGMENT = 0x00cf_1300_0000_ffffn;
const SHORT_LIMIT = 0x20; // a TSS that ends before its interrupt stack table
const GATE_SIZE = 16n;
const SPARE_GATE = 128n;
const GATE_PRESENT = 1n << 47n;
const RSP = 4; // as instructions number the registers
const REGISTER_PATTERN = 0x5eed_0000_0000_0000n;
const NOT_CANONICAL = 0x8000_0000_0000_0000n;

const TABLE_REGISTER = layout(10, { limit: u16, base: packed(u64) });

const register = staticBytes(16);
const watched = staticBytes(8);

/** False when `scenario=` names none of them. */
export function exceptionsRun(): boolean {
  if (optionIs("scenario", "exceptions")) survivable();
  else if (optionIs("scenario", "double-fault")) withoutStack("50"); // push rax
  else if (optionIs("scenario", "wait")) withoutStack("f3 90 eb fc"); // pause, and again: for NMI and machine check
  else return false;
  return true;
}

function survivable(): void {
  scenarioBegin("exceptions");
  codeTake();
  divide();
  debug();
  breakpoints();
  undefinedOpcode();
  deviceNotAvailable();
  segments();
  shortTask();
  generalProtection();
  pageFaults();
  floatingPoint();
  simd();
  softwareInterrupts();
  errorCodesByHand();
  codeGive();
  scenarioEnd();
}

/** RSP points to nothing: only a stack of its own lets an exception in. */
function withoutStack(instructions: string): void {
  codeTake();
  code("48 c7 c4 10 00 00 00"); // mov rsp, 0x10
  code(instructions);
  watchStacks();
  logLine("scenario: without a stack");
  codeRun();
}

/** Runs the code, which must end with `vector`. */
function provoke(vector: number): void {
  watchFor(vector);
  watchBegin();
  const answer = codeRun();
  watchEnd();
  claim(answer === vector, "exceptions: the code ended otherwise", BigInt.asUintN(64, BigInt(answer)));
}
/** Runs the code, which must come back, after traps that resumed it. */
function provokeTrap(vector: number): void {
  watchFor(vector);
  watchBegin();
  const answer = codeRun();
  watchEnd();
  claim(answer === CALL_RETURNED, "exceptions: the trap did not resume", BigInt.asUintN(64, BigInt(answer)));
}

function divide(): void {
  code("31 d2 31 c9 f7 f1"); // xor edx, edx; xor ecx, ecx; div ecx
  provoke(VECTOR.DIVIDE_ERROR);
}

function debug(): void {
  code("9c 48 81 0c 24 00 01 00 00 9d 90 90 90"); // pushfq; or qword [rsp], TF; popfq; nop; nop; nop
  provokeTrap(VECTOR.DEBUG);
  code("48 b8"); // mov rax, watched; mov dr0, rax; mov ecx, a write of 8 bytes through DR0; mov dr7, rcx
  codeWord(watched);
  code("0f 23 c0 b9 01 00 09 00 0f 23 f9");
  code("48 89 08 31 c9 0f 23 f9"); // mov [rax], rcx; xor ecx, ecx; mov dr7, rcx
  provokeTrap(VECTOR.DEBUG);
}

function breakpoints(): void {
  watchFor(VECTOR.BREAKPOINT);
  watchBegin();
  breakpoint();
  watchEnd();
  code("cc"); // nobody's breakpoint
  provoke(VECTOR.BREAKPOINT);
}

/** With a number of its own in every register that the code may change. */
function undefinedOpcode(): void {
  for (let i = 0; i < 16; i++) {
    if (i === RSP) continue;
    code(i < 8 ? "48" : "49"); // mov register, …
    codeByte(0xb8 + (i & 7));
    codeWord(REGISTER_PATTERN + BigInt(i));
  }
  code("0f 0b"); // ud2
  provoke(VECTOR.INVALID_OPCODE);
}

function deviceNotAvailable(): void {
  writeCr0(readCr0() | CR0_TASK_SWITCHED);
  code("d9 d0"); // fnop
  provoke(VECTOR.DEVICE_NOT_AVAILABLE);
  writeCr0(readCr0() & ~CR0_TASK_SWITCHED);
}

/** #NP and #SS from a segment that is not present, #NP from a gate that is not. */
function segments(): void {
  const spare = gdt() + SPARE_SELECTOR;
  store64(spare, ABSENT_SEGMENT);
  code("66 b8 18 00 8e e0"); // mov ax, 0x18; mov fs, eax
  provoke(VECTOR.SEGMENT_NOT_PRESENT);
  code("66 b8 18 00 8e d0"); // mov ax, 0x18; mov ss, eax
  provoke(VECTOR.STACK_FAULT);
  store64(spare, 0n);

  const gate = idt() + SPARE_GATE * GATE_SIZE;
  store64(gate, load64(gate) & ~GATE_PRESENT);
  code("cd 80"); // int 128
  provoke(VECTOR.SEGMENT_NOT_PRESENT);
  store64(gate, load64(gate) | GATE_PRESENT);
}

/** #TS: the CPU looks for a stack in the TSS, beyond its limit. */
function shortTask(): void {
  const limit = taskLimitSet(SHORT_LIMIT);
  code("cd 02"); // int 2: this gate asks for a stack of its own
  provoke(VECTOR.INVALID_TSS);
  taskLimitSet(limit);
}
/** Answers what the limit was. */
function taskLimitSet(limit: number): number {
  const descriptor = gdt() + BigInt(SELECTOR.TASK);
  const before = load16(descriptor);
  store16(descriptor, limit);
  store64(descriptor, load64(descriptor) & ~(1n << 41n)); // not busy
  loadTaskRegister(SELECTOR.TASK);
  return before;
}

function generalProtection(): void {
  code("48 b8"); // mov rax, …; mov rax, [rax]
  codeWord(NOT_CANONICAL);
  code("48 8b 00");
  provoke(VECTOR.GENERAL_PROTECTION);
  code("66 b8 48 00 8e e0"); // mov ax, 0x48; mov fs, eax: the GDT has eight entries
  provoke(VECTOR.GENERAL_PROTECTION);
}

function pageFaults(): void {
  code("31 c0 48 8b 40 10"); // xor eax, eax; mov rax, [rax + 0x10]
  provoke(VECTOR.PAGE_FAULT);
  code("48 b8"); // mov rax, …; mov [rax], al
  codeWord(textStart());
  code("88 00");
  provoke(VECTOR.PAGE_FAULT);
  watchFor(VECTOR.PAGE_FAULT);
  watchBegin();
  const answer = tryCallAt(watched); // data
  watchEnd();
  claim(answer === VECTOR.PAGE_FAULT, "exceptions: data was executed", watched);
}

/** The x87 is there though the kernel does not use it: a division by zero, not masked, is seen by the next fwait. */
function floatingPoint(): void {
  code("db e3 68 7b 03 00 00 d9 2c 24 58"); // fninit; push 0x37b; fldcw [rsp]; pop rax
  code("d9 e8 d9 ee de f9 9b"); // fld1; fldz; fdivp; fwait
  provoke(VECTOR.FLOATING_POINT);
  code("db e3");
  claim(codeRun() === CALL_RETURNED, "exceptions: fninit");
}

/** A real CPU raises #XM here; TCG computes infinity and goes on. Then `int 19` stands for it. */
function simd(): void {
  writeCr4(readCr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
  code("68 80 1d 00 00 0f ae 14 24 58"); // push 0x1d80: all but division by zero masked; ldmxcsr [rsp]; pop rax
  code("b8 01 00 00 00 f3 0f 2a c0"); // mov eax, 1; cvtsi2ss xmm0, eax
  code("0f 57 c9 f3 0f 5e c1"); // xorps xmm1, xmm1; divss xmm0, xmm1
  if (codeRun() !== VECTOR.SIMD_FLOATING_POINT) {
    code("cd 13"); // int 19
    provoke(VECTOR.SIMD_FLOATING_POINT);
  }
  writeCr4(readCr4() & ~(CR4_OSFXSR | CR4_OSXMMEXCPT));
}

/** `int n` for what has no cause here. It pushes no error code, so it stands for vectors that have none only. */
function softwareInterrupts(): void {
  for (let vector = 0; vector < 32; vector++) {
    if (!isForSoftware(vector)) continue;
    code("cd"); // int
    codeByte(vector);
    provoke(vector);
  }
}
function isForSoftware(vector: number): boolean {
  switch (vector) {
    case VECTOR.OVERFLOW:
    case VECTOR.BOUND_RANGE:
    case VECTOR.COPROCESSOR_OVERRUN:
    case VECTOR.VIRTUALIZATION:
    case VECTOR.HYPERVISOR_INJECTION:
    case 15:
    case 31:
      return true;
    default:
      return vector >= 22 && vector < VECTOR.HYPERVISOR_INJECTION;
  }
}

/** Exceptions with an error code that no instruction of this CPU raises: the code plays the CPU. */
function errorCodesByHand(): void {
  deliver(VECTOR.ALIGNMENT_CHECK, 0);
  deliver(VECTOR.CONTROL_PROTECTION, 3);
  deliver(VECTOR.VMM_COMMUNICATION, 0x72); // cpuid was intercepted
  deliver(VECTOR.SECURITY, 1);
}

/** Pushes what the CPU pushes (Intel SDM vol. 3A, "64-Bit Mode Stack Frame") and goes where the gate points. */
function deliver(vector: number, error: number): void {
  code("48 89 e2 48 83 e4 f0"); // mov rdx, rsp; and rsp, -16
  code("8c d0 50 52 9c 8c c8 50"); // mov eax, ss; push rax; push rdx; pushfq; mov eax, cs; push rax
  code("48 8d 05 0f 00 00 00 50"); // lea rax, [rip + 15]: behind the jump; push rax
  code("6a"); // push error
  codeByte(error);
  code("48 b8"); // mov rax, the gate's stub; jmp rax
  codeWord(trapStub(vector));
  code("ff e0");
  provoke(vector);
}

function gdt(): bigint {
  code("48 b8"); // mov rax, register; sgdt [rax]
  codeWord(register);
  code("0f 01 00");
  return tableBase();
}
function idt(): bigint {
  code("48 b8"); // mov rax, register; sidt [rax]
  codeWord(register);
  code("0f 01 08");
  return tableBase();
}
function tableBase(): bigint {
  claim(codeRun() === CALL_RETURNED, "exceptions: no descriptor table register");
  return TABLE_REGISTER.base(register);
}
