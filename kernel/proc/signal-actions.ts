/**
 * What a process does about each signal: Linux's numbers, actions and defaults (man 7 signal, man 2 sigaction).
 *
 *   ACTION, 32 bytes: as rt_sigaction has it, but for the order
 *   +0  | handler                       |   HANDLER, or an address in the program
 *   +8  | flags                         |   ACTION_FLAG
 *   +16 | restorer                      |   where a handler returns to
 *   +24 | mask                          |   what is blocked while it runs
 */
import { fillWords } from "../doors/machine.ts";
import { layout, u64 } from "../lib/layout.ts";
import { PROCESS, type Process } from "./process.ts";

export const ACTION = layout(32, { handler: u64, flags: u64, restorer: u64, mask: u64 });
export const HANDLER = { DEFAULT: 0n, IGNORE: 1n } as const;
export const ACTION_FLAG = {
  NO_CHILD_STOP: 1n, NO_CHILD_WAIT: 2n, INFO: 4n, RESTORER: 0x0400_0000n, ON_STACK: 0x0800_0000n,
  RESTART: 0x1000_0000n, NO_DEFER: 0x4000_0000n, RESET: 0x8000_0000n,
} as const;

/** Signals 1 to 64; those from 32 on mean nothing to the kernel. A second one of a kind that is pending is lost. */
export const SIGNALS = 64;
export const SIGNAL = {
  HUP: 1, INT: 2, QUIT: 3, ILL: 4, TRAP: 5, ABRT: 6, BUS: 7, FPE: 8, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13,
  ALRM: 14, TERM: 15, CHLD: 17, CONT: 18, STOP: 19, TSTP: 20, TTIN: 21, TTOU: 22, URG: 23, WINCH: 28,
} as const;
/** What happens where a program has said nothing. */
export const DEFAULT = { END: 0, IGNORE: 1, STOP: 2, CONTINUE: 3 } as const;

const ACTION_WORDS = ACTION.SIZE >> 3;
/** Of PROCESS.actions. */
export const ACTIONS_BYTES = SIGNALS * ACTION.SIZE;

/** Bit n-1 is signal n's. */
export function signalBit(signal: number): bigint {
  return 1n << BigInt(signal - 1);
}
/** These nobody can block, ignore or handle. */
export const UNBLOCKABLE = (1n << BigInt(SIGNAL.KILL - 1)) | (1n << BigInt(SIGNAL.STOP - 1));
export const STOPPING =
  (1n << BigInt(SIGNAL.STOP - 1)) | (1n << BigInt(SIGNAL.TSTP - 1)) | (1n << BigInt(SIGNAL.TTIN - 1)) |
  (1n << BigInt(SIGNAL.TTOU - 1));

/** The address of a process's ACTION for a signal of 1 to SIGNALS. */
export function actionOf(process: Process, signal: number): bigint {
  return PROCESS.actionsAt(process) + BigInt((signal - 1) * ACTION.SIZE);
}
/** What execve does: handlers are the old program's, and go; what was ignored stays so. */
export function actionsExec(process: Process): void {
  for (let signal = 1; signal <= SIGNALS; signal++) {
    const action = actionOf(process, signal);
    const isIgnored = ACTION.handler(action) === HANDLER.IGNORE;
    fillWords(action, 0n, ACTION_WORDS);
    if (isIgnored) ACTION.setHandler(action, HANDLER.IGNORE);
  }
}

export function defaultOf(signal: number): number {
  switch (signal) {
    case SIGNAL.CHLD:
    case SIGNAL.URG:
    case SIGNAL.WINCH:
      return DEFAULT.IGNORE;
    case SIGNAL.STOP:
    case SIGNAL.TSTP:
    case SIGNAL.TTIN:
    case SIGNAL.TTOU:
      return DEFAULT.STOP;
    case SIGNAL.CONT:
      return DEFAULT.CONTINUE;
    default:
      return DEFAULT.END;
  }
}

/** Would it happen to no effect, now? */
export function signalIsIgnored(process: Process, signal: number): boolean {
  const handler = ACTION.handler(actionOf(process, signal));
  if (handler === HANDLER.IGNORE) return true;
  if (handler !== HANDLER.DEFAULT) return false;
  const normal = defaultOf(signal);
  return normal === DEFAULT.IGNORE || normal === DEFAULT.CONTINUE;
}

/** It ends as soon as it would run in ring 3. */
export function isKilled(process: Process): boolean {
  return (PROCESS.pending(process) & signalBit(SIGNAL.KILL)) !== 0n;
}
/** Signals that are to be acted on before the process runs in ring 3 again. */
export function isSignalled(process: Process): boolean {
  return (PROCESS.pending(process) & ~PROCESS.blocked(process)) !== 0n;
}
