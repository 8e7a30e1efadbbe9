/** Registers, written down in lines of three, fewer than 80 columns wide. */
"compiler: cold"; // for people to read
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { columnText } from "../base/columns.ts";
import { logEnd, logHexDigits, logLine, logText } from "../base/log.ts";
import { framePointer, readCr0, readCr2, readCr3, readCr4, readDr6 } from "../doors/machine.ts";

/** Those of the trap at `frame`. `cr2` was read when it came: a fault since would have replaced it. */
export function registersLog(frame: bigint, cr2: bigint): void {
  logLine("registers");
  row3("rax", TRAP_FRAME.rax(frame), "rbx", TRAP_FRAME.rbx(frame), "rcx", TRAP_FRAME.rcx(frame));
  row3("rdx", TRAP_FRAME.rdx(frame), "rsi", TRAP_FRAME.rsi(frame), "rdi", TRAP_FRAME.rdi(frame));
  row3("rbp", TRAP_FRAME.rbp(frame), "rsp", TRAP_FRAME.rsp(frame), "rip", TRAP_FRAME.rip(frame));
  row3("r8", TRAP_FRAME.r8(frame), "r9", TRAP_FRAME.r9(frame), "r10", TRAP_FRAME.r10(frame));
  row3("r11", TRAP_FRAME.r11(frame), "r12", TRAP_FRAME.r12(frame), "r13", TRAP_FRAME.r13(frame));
  row3("r14", TRAP_FRAME.r14(frame), "r15", TRAP_FRAME.r15(frame), "rflags", TRAP_FRAME.rflags(frame));
  row3("cs", TRAP_FRAME.cs(frame), "ss", TRAP_FRAME.ss(frame), "cr0", readCr0());
  row3("cr2", cr2, "cr3", readCr3(), "cr4", readCr4());
}

/** Those of a kernel that runs: what is in the general ones now is this function's. */
export function registersNowLog(): void {
  logLine("registers");
  row3("cr0", readCr0(), "cr2", readCr2(), "cr3", readCr3());
  row3("cr4", readCr4(), "dr6", readDr6(), "rbp", framePointer());
}

function row3(name1: string, value1: bigint, name2: string, value2: bigint, name3: string, value3: bigint): void {
  registerLog("  ", name1, 4, value1);
  registerLog("  ", name2, 4, value2);
  registerLog("  ", name3, 7, value3);
  logEnd();
}

function registerLog(gap: string, name: string, width: number, value: bigint): void {
  logText(gap);
  columnText(name, width);
  logHexDigits(value, 16);
}
