/** Which system call it is: Linux's numbers for x86-64 (man 2 syscalls; arguments in rdi, rsi, rdx, r10, r8, r9). */
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { NO_SYSTEM_CALL, statusErrno, statusIn } from "../lib/status.ts";
import { processEnd, statusOfExit } from "../proc/exit.ts";
import { callMadvise, callMincore, callMsync } from "./advice-calls.ts";
import {
  callClose, callDup, callDup2, callDup3, callFcntl, callPipe, callRead, callReadv, callWrite, callWritev,
} from "./file-calls.ts";
import {
  callGetpgid, callGetpid, callGetppid, callGetsid, callSetpgid, callSetsid, callSetTidAddress,
} from "./identity-calls.ts";
import { callIoctl } from "./ioctl-calls.ts";
import { callMlock, callMlockall, callMunlock, callMunlockall } from "./lock-calls.ts";
import { callGetrandom, callPrctl, callPrlimit, callSysinfo, callUname } from "./machine-calls.ts";
import { callBrk, callMmap, callMprotect, callMunmap } from "./memory-calls.ts";
import { callFtruncate, callMemfd, callPread, callPwrite, callSeek } from "./memory-file-calls.ts";
import {
  callAccess, callChdir, callFstat, callFstatat, callGetcwd, callOpenat, callReadlink,
} from "./path-calls.ts";
import { HERE } from "./paths.ts";
import { callPoll, callPpoll } from "./poll-calls.ts";
import { callArchPrctl, callClone, callExecve, callFork, callVfork, callYield } from "./process-calls.ts";
import { callMremap } from "./remap-calls.ts";
import { callShmat, callShmctl, callShmdt, callShmget } from "./shared-memory-calls.ts";
import { callKill, callTgkill, callTkill } from "./signal-calls.ts";
import {
  callAlarm, callClockGetres, callClockGettime, callClockNanosleep, callGetitimer, callGetrusage, callGettimeofday,
  callNanosleep, callSetitimer, callTime, callTimes,
} from "./time-calls.ts";
import { unknownLog } from "./unknown.ts";
import { callWait4, callWaitid } from "./wait-calls.ts";

/** What goes to the program in RAX: a result, or a negative error number. */
export function systemCall(frame: bigint): bigint {
  const number = Number(TRAP_FRAME.rax(frame) & 0xffff_ffffn);
  switch (number) {
    case 0:
      return word(callRead(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 1:
      return word(callWrite(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 2:
      return word(callOpenat(HERE, TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 3:
      return word(callClose(TRAP_FRAME.rdi(frame)));
    case 4:
    case 6:
      return word(callFstatat(HERE, TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), 0n));
    case 5:
      return word(callFstat(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 7:
      return word(callPoll(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 8:
      return word(callSeek(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 9:
      return word(
        callMmap(
          TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame),
          TRAP_FRAME.r8(frame), TRAP_FRAME.r9(frame),
        ),
      );
    case 10:
      return word(callMprotect(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 11:
      return word(callMunmap(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 12:
      return callBrk(TRAP_FRAME.rdi(frame));
    case 16:
      return word(callIoctl(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 17:
      return word(
        callPread(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame)),
      );
    case 18:
      return word(
        callPwrite(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame)),
      );
    case 19:
      return word(callReadv(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 20:
      return word(callWritev(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 21:
      return word(callAccess(HERE, TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 22:
      return word(callPipe(TRAP_FRAME.rdi(frame), 0n));
    case 24:
      return word(callYield());
    case 25:
      return word(
        callMremap(
          TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame),
          TRAP_FRAME.r8(frame),
        ),
      );
    case 26:
      return word(callMsync(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 27:
      return word(callMincore(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 28:
      return word(callMadvise(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 29:
      return word(callShmget(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 30:
      return word(callShmat(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 31:
      return word(callShmctl(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 32:
      return word(callDup(TRAP_FRAME.rdi(frame)));
    case 33:
      return word(callDup2(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 35:
      return word(callNanosleep(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 36:
      return word(callGetitimer(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 37:
      return word(callAlarm(TRAP_FRAME.rdi(frame)));
    case 38:
      return word(callSetitimer(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 39:
      return BigInt(callGetpid());
    case 56:
      return word(
        callClone(
          frame, TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame),
          TRAP_FRAME.r8(frame),
        ),
      );
    case 57:
      return word(callFork(frame));
    case 58:
      return word(callVfork(frame));
    case 59:
      return word(callExecve(frame, TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 60:
    case 231:
      processEnd(statusOfExit(Number(TRAP_FRAME.rdi(frame) & 0xffn)));
    case 61:
      return word(
        callWait4(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame)),
      );
    case 62:
      return word(callKill(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 63:
      return word(callUname(TRAP_FRAME.rdi(frame)));
    case 67:
      return word(callShmdt(TRAP_FRAME.rdi(frame)));
    case 72:
      return word(callFcntl(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 77:
      return word(callFtruncate(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 79:
      return word(callGetcwd(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 80:
      return word(callChdir(TRAP_FRAME.rdi(frame)));
    case 89:
      return word(callReadlink(HERE, TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 96:
      return word(callGettimeofday(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 97:
      return word(callPrlimit(0n, TRAP_FRAME.rdi(frame), 0n, TRAP_FRAME.rsi(frame)));
    case 98:
      return word(callGetrusage(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 99:
      return word(callSysinfo(TRAP_FRAME.rdi(frame)));
    case 100:
      return word(callTimes(TRAP_FRAME.rdi(frame)));
    case 102: // getuid, getgid, geteuid, getegid
    case 104:
    case 107:
    case 108:
      return 0n;
    case 109:
      return word(callSetpgid(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 110:
      return BigInt(callGetppid());
    case 111:
      return word(callGetpgid(0n));
    case 112:
      return word(callSetsid());
    case 121:
      return word(callGetpgid(TRAP_FRAME.rdi(frame)));
    case 124:
      return word(callGetsid(TRAP_FRAME.rdi(frame)));
    case 149:
      return word(callMlock(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), 0n));
    case 150:
      return word(callMunlock(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 151:
      return word(callMlockall(TRAP_FRAME.rdi(frame)));
    case 152:
      return word(callMunlockall());
    case 157:
      return word(callPrctl(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 158:
      return word(callArchPrctl(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 186:
      return BigInt(callGetpid());
    case 200:
      return word(callTkill(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 201:
      return word(callTime(TRAP_FRAME.rdi(frame)));
    case 218:
      return BigInt(callSetTidAddress(TRAP_FRAME.rdi(frame)));
    case 228:
      return word(callClockGettime(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 229:
      return word(callClockGetres(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 230:
      return word(
        callClockNanosleep(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame)),
      );
    case 234:
      return word(callTgkill(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 247:
      return word(
        callWaitid(
          TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame),
          TRAP_FRAME.r8(frame),
        ),
      );
    case 257:
      return word(callOpenat(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 262:
      return word(
        callFstatat(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame)),
      );
    case 267:
      return word(
        callReadlink(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame)),
      );
    case 269:
    case 439:
      return word(callAccess(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 271: // with r10 0: the signals that are blocked stay so
      return word(callPpoll(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 273: // set_robust_list: no thread can leave a lock behind
      return 0n;
    case 292:
      return word(callDup3(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 293:
      return word(callPipe(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 302:
      return word(
        callPrlimit(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame), TRAP_FRAME.r10(frame)),
      );
    case 318:
      return word(callGetrandom(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 319:
      return word(callMemfd(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame)));
    case 325:
      return word(callMlock(TRAP_FRAME.rdi(frame), TRAP_FRAME.rsi(frame), TRAP_FRAME.rdx(frame)));
    case 334: // rseq: with one CPU nothing is to be won, and libraries do without
      return word(NO_SYSTEM_CALL);
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
