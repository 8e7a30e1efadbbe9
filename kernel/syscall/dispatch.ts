/** Which system call it is: Linux's numbers for x86-64 (man 2 syscalls; arguments in rdi, rsi, rdx, r10, r8, r9). */
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { NO_SYSTEM_CALL, statusErrno, statusIn } from "../lib/status.ts";
import { processEnd, statusOfExit } from "../proc/exit.ts";
import { processFork } from "../proc/fork.ts";
import { callWrite } from "./file-calls.ts";
import { callBrk, callMmap, callMprotect, callMunmap } from "./memory-calls.ts";
import { callArchPrctl, callGetpid, callGetppid, callWait4, callYield } from "./process-calls.ts";
import { unknownLog } from "./unknown.ts";

/** What goes to the program in RAX: a result, or a negative error number. */
export function systemCall(frame: bigint): bigint {
  const number = Number(TRAP_FRAME.rax(frame) & 0xffff_ffffn);
  switch (number) {
    case 1:
      return word(callWrite(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 9:
      return callMmap(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame));
    case 10:
      return word(callMprotect(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 11:
      return word(callMunmap(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 12:
      return callBrk(TRAP_FRAME.rdi(frame));
    case 24:
      return word(callYield());
    case 39:
      return BigInt(callGetpid());
    case 57:
      return word(processFork(frame));
    case 60:
    case 231:
      processEnd(statusOfExit(Number(TRAP_FRAME.rdi(frame) & 0xffn)));
    case 61:
      return word(callWait4(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 110:
      return BigInt(callGetppid());
    case 158:
      return word(callArchPrctl(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 218:
      return BigInt(callGetpid());
    default:
      unknownLog(number);
      return word(NO_SYSTEM_CALL);
  }
}

/** A status's low byte is Linux's error number (lib/status.ts). */
function word(answer: number): bigint {
  if (answer >= 0) return BigInt(answer);
  return BigInt.asUintN(64, BigInt(-statusErrno(statusIn(answer))));
}
