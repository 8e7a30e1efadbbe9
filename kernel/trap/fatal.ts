/**
 * The last report: what happened and where, the registers, the walk of the faulting address, the backtrace and the last
 * lines of the log; then a prompt that looks at what is left (console.ts), or the end.
 *
 * It needs the serial port, its own code and constants, and a stack: no heap, no frame. Memory that may be gone it
 * tries to read. A fault inside the report all the same gets one line; a fault inside that line gets silence.
 */
"compiler: cold"; // for people to read
import { halt, interruptsOff, readCr2, readCr3, tryLoad8 } from "../doors/machine.ts";
import { frameOf, lower, physAddr, virtAddr } from "../lib/addr.ts";
import { debugExit, EXIT } from "../arch/debug-exit.ts";
import { serialIsPresent } from "../arch/serial.ts";
import { rodataEnd, rodataStart, textEnd, textStart } from "../arch/image.ts";
import { TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { vgaTextShow } from "../arch/vga-text.ts";
import { ringPause, ringResume, ringShow } from "../base/log-ring.ts";
import { logAsciiCut, logEnd, logHex, logHexDigits, logLine, logText, logVirt } from "../base/log.ts";
import { isPanic } from "../base/panic.ts";
import { consoleStopped } from "../console/console.ts";
import { layout, u32 } from "../lib/layout.ts";
import { backtraceLog, placeLog, trappedFind } from "../stats/backtrace.ts";
import { errorCodeLog, exceptionNameLog, hasErrorCode } from "../stats/exceptions.ts";
import { registersLog } from "../stats/registers.ts";
import { walkShow } from "../stats/walk.ts";
import { addressWhatLog, guessLog, registersGuessLog } from "./guess.ts";

/** A string literal in .rodata; its bytes follow. */
const TEXT = layout(4, { length: u32 });
const MESSAGE_COLUMNS = 60; // with what stands before it, a line of the screen
const LABEL_COLUMNS = 11; // "  address  "
const LONGEST_INSTRUCTION = 15n; // bytes: Intel SDM vol. 2A, "Instruction Format"
const LAST_LINES = 12; // of the log

let exitsAtTheEnd = false;
let depth = 0; // reports begun: a fault inside a report begins another

/** With `exits`, a fatal end ends QEMU with status 35 (EXIT.PANIC); otherwise the machine halts, to be read. */
export function fatalInit(exits: boolean): void {
  exitsAtTheEnd = exits;
  depth = 0;
}

/** Reports the trap at `frame` and never returns. */
export function fatal(frame: bigint): never {
  const cr2 = readCr2(); // first: a fault in here would replace it
  interruptsOff();
  depth++;
  if (depth === 1) {
    report(frame, cr2);
    vgaTextShow(0, "The kernel has stopped: the serial line says why.");
  } else if (depth === 2) {
    reportShort(frame, cr2);
  }
  end(frame, cr2);
}

/** All of it, without the end. `cr2` was read when the trap came. */
export function report(frame: bigint, cr2: bigint): void {
  const vector = Number(TRAP_FRAME.vector(frame));
  ringPause(); // what is in the ring is what led to this
  logEnd();
  if (isPanic(frame)) {
    panicLog(frame);
  } else {
    faultLog(frame, vector, cr2);
  }
  registersLog(frame, cr2);
  if (hasAddress(vector)) walkShow(frameOf(physAddr(readCr3())), virtAddr(cr2));
  backtraceLog(frame);
  logLine("last lines of the log");
  ringShow(LAST_LINES);
  ringResume();
}

function panicLog(frame: bigint): void {
  logText("trap/fatal: panic: ");
  messageLog(TRAP_FRAME.rdi(frame));
  logEnd();
  logHex("  value    ", TRAP_FRAME.rsi(frame));
  logEnd();
  whereLog(frame);
}

/** The message's bytes, if `text` is where string literals are. */
function messageLog(text: bigint): void {
  if (text < rodataStart() || text > rodataEnd() - BigInt(TEXT.SIZE)) {
    logVirt("(no message at ", virtAddr(text));
    logText(")");
    return;
  }
  const left = Number(rodataEnd() - text - BigInt(TEXT.SIZE));
  logAsciiCut(text + BigInt(TEXT.SIZE), Math.min(TEXT.length(text), left), MESSAGE_COLUMNS);
}

function faultLog(frame: bigint, vector: number, cr2: bigint): void {
  logText("trap/fatal: ");
  exceptionNameLog(vector);
  logEnd();
  whereLog(frame);
  bytesLog(TRAP_FRAME.rip(frame));
  if (hasAddress(vector)) {
    logVirt("  address  ", virtAddr(cr2));
    logEnd();
    addressWhatLog(cr2);
  }
  if (hasErrorCode(vector)) {
    logText("  error    ");
    errorCodeLog(vector, TRAP_FRAME.error(frame));
  }
  if (hasAddress(vector)) guessLog(cr2, TRAP_FRAME.error(frame));
  if (vector === VECTOR.GENERAL_PROTECTION) registersGuessLog(frame);
}

/** The address of the code, then its function, file and line, of a panic those of its caller. */
function whereLog(frame: bigint): void {
  logVirt("  at       ", virtAddr(TRAP_FRAME.rip(frame)));
  logEnd();
  if (!trappedFind(frame)) return;
  logText("  in      ");
  placeLog(LABEL_COLUMNS);
}

/** The bytes from `rip` on, as many as an instruction can have, if that is in the kernel's code. */
function bytesLog(rip: bigint): void {
  if (rip < textStart() || rip >= textEnd()) return;
  logText("  bytes   ");
  for (let at = rip; at < lower(rip + LONGEST_INSTRUCTION, textEnd()) && tryLoad8(at) >= 0; at++) {
    logText(" ");
    logHexDigits(BigInt(tryLoad8(at)), 2);
  }
  logEnd();
}

/** Is CR2 about this trap? A stack overflow comes as a double fault, with the page fault's address left in CR2. */
function hasAddress(vector: number): boolean {
  return vector === VECTOR.PAGE_FAULT || vector === VECTOR.DOUBLE_FAULT;
}

/** One line, for a fault that the report itself has met. */
function reportShort(frame: bigint, cr2: bigint): void {
  logEnd();
  logText("cut short: ");
  exceptionNameLog(Number(TRAP_FRAME.vector(frame)));
  logVirt(" at=", virtAddr(TRAP_FRAME.rip(frame)));
  logVirt(" cr2=", virtAddr(cr2));
  logEnd();
}

/** After a whole report the console looks at what is left; after a short one nothing more is tried. */
function end(frame: bigint, cr2: bigint): never {
  ringPause(); // nothing after the report is kept either: who asks for the log then asks what led to it
  if (exitsAtTheEnd) debugExit(EXIT.PANIC);
  if (depth === 1 && serialIsPresent()) consoleStopped(frame, cr2);
  if (depth <= 2) logLine("The machine is halted.");
  for (;;) halt();
}
