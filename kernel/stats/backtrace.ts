/**
 * Who called whom, down to the trap: read from the stacks, with the functions' names from base/symbols.ts.
 *
 *   backtrace
 *     #0 0xffffffff80112f04 heapGive              kernel/mm/heap/heap.ts:60
 *     #1       inlined into boxesGive             tests/qemu/kernel/heap.ts:81
 *        -- #PF page fault --
 *     #2 0xffffffff80110a31 kernelMain            kernel/main.ts:53
 *
 * Every function keeps its caller's rbp and, above it, its return address where rbp points: System V ABI, "The Stack
 * Frame". A place is read only if it lies in one of the kernel's stacks, above the one before: no chain, however
 * broken, makes this go on for ever; and read as what may be gone, so that none makes it fault. The kernel is compiled
 * without turning a last call into a jump (-fno-optimize-sibling-calls), so no caller is missing.
 */
"compiler: cold"; // for people to read
import { framePointer, tryLoad8 } from "../doors/machine.ts";
import { PAGE_SIZE } from "../lib/addr.ts";
import { layout, u64 } from "../lib/layout.ts";
import { stackEnd, stackGuard, stackGuardCount, textEnd, textStart } from "../arch/image.ts";
import { cameFromKernel, TRAP_FRAME, VECTOR } from "../arch/trap-frame.ts";
import { columnSpaces } from "../base/columns.ts";
import { decimalDigitCount, logByte, logEnd, logHexDigits, logLine, logNumber, logText } from "../base/log.ts";
import {
  symbolFileLength, symbolFileLog, symbolFind, symbolIsInlined, symbolLine, symbolNameIs, symbolNameLength,
  symbolNameLog, symbolOuter,
} from "../base/symbols.ts";
import { exceptionNameLog } from "./exceptions.ts";
import { wordTried } from "./tried.ts";

/** What rbp points at. */
const CALL = layout(16, { rbp: u64, returnAddress: u64 });

const MOST_CALLS = 40; // shown; of each, all that was inlined
const MOST_TRAPS = 4; // crossed: the report is of the innermost, few can be below it

const COLUMNS = 79;
const SPACE = 32;
const NUMBER_COLUMNS = 2;
const NAME_COLUMN = 24; // behind "  #0 0xffffffff80112f04 "
const NAME_COLUMNS = 18; // usual: a longer one pushes the path to the right

const PUSH_RBP = 0x55;
const MOV_RBP_RSP = 0xe5_8948n; // `mov rbp, rsp`, little-endian
const THREE_BYTES = 0xff_ffffn;
const RET = 0xc3;

let number = 0; // of the next line
let shown = 0; // calls
let repeated = 0; // how often the last call that was shown came again
let lastShown = 0n;

/** Writes the backtrace of what the trap at `frame` interrupted. */
export function backtraceLog(frame: bigint): void {
  begin();
  trapsLog(callsLog(frame));
}

/** Writes the backtrace of whoever calls this. */
export function backtraceHereLog(): void {
  begin();
  trapsLog(chainLog(framePointer()));
}

function begin(): void {
  logLine("backtrace");
  number = 0;
  shown = 0;
  repeated = 0;
  lastShown = 0n;
}

/** What is below the calls that have been told: the trap at `frame`, 0 for none, what it interrupted, and so on. */
function trapsLog(frame: bigint): void {
  let trap = frame;
  for (let traps = 1; trap !== 0n && traps < MOST_TRAPS; traps++) {
    repeatedLog();
    columnSpaces(NUMBER_COLUMNS + 3);
    logText("-- ");
    exceptionNameLog(Number(TRAP_FRAME.vector(trap)));
    logLine(" --");
    trap = callsLog(trap);
  }
  repeatedLog();
}

/** Finds the code that the trap at `frame` is about, for base/symbols.ts to tell: of a panic, who called it. */
export function trappedFind(frame: bigint): boolean {
  if (!symbolFind(instructionOf(frame))) return false;
  while (symbolNameIs("panic")) {
    if (!symbolOuter()) return callerFind(TRAP_FRAME.rbp(frame));
  }
  return true;
}

function callerFind(at: bigint): boolean {
  const end = stackEndFor(at);
  return end !== 0n && at <= end - BigInt(CALL.SIZE) && symbolFind(returnAddressAt(at) - 1n);
}

function isTrapStub(code: bigint): boolean {
  return symbolFind(code) && symbolNameIs("trap_stub");
}

/** The byte that belongs to the instruction that trapped. int3 and into are told with the address behind them. */
function instructionOf(frame: bigint): bigint {
  const rip = TRAP_FRAME.rip(frame);
  const vector = Number(TRAP_FRAME.vector(frame));
  const isBehind = vector === VECTOR.BREAKPOINT || vector === VECTOR.OVERFLOW;
  return isBehind && rip > 0n ? rip - 1n : rip;
}

/** The calls that led to the trap at `frame`. Gives the frame of the trap below them, 0 if there is none. */
function callsLog(frame: bigint): bigint {
  if (!cameFromKernel(frame)) {
    columnSpaces(NUMBER_COLUMNS + 3);
    logLine("a program");
    return 0n;
  }
  callLog(TRAP_FRAME.rip(frame), instructionOf(frame));
  const caller = callerAtTheEdge(frame);
  if (caller !== 0n) callLog(caller, caller - 1n);

  return chainLog(TRAP_FRAME.rbp(frame));
}

/** The calls from the one whose rbp is `rbp` on. Gives the frame of the trap below them, 0 if there is none. */
function chainLog(rbp: bigint): bigint {
  let at = rbp;
  const end = stackEndFor(at);
  while (end !== 0n && (at & 7n) === 0n && at <= end - BigInt(CALL.SIZE)) {
    const returned = returnAddressAt(at);
    if (returned === 0n) return 0n;
    if (isTrapStub(returned - 1n)) return trapAbove(at + BigInt(CALL.SIZE), end);
    callLog(returned, returned - 1n);
    const next = wordTried(CALL.rbpAt(at));
    if (next === 0n) return 0n; // where boot/start.asm began
    if (next <= at || next > end) {
      repeatedLog();
      columnSpaces(NUMBER_COLUMNS + 3);
      logText("the chain of calls breaks here: rbp was 0x");
      logHexDigits(next, 16);
      logEnd();
      return 0n;
    }
    at = next;
  }
  return 0n;
}

function returnAddressAt(at: bigint): bigint {
  return wordTried(CALL.returnAddressAt(at));
}

/** `at`, if a whole frame can be there: the stub has called with the frame as the last thing on the stack. */
function trapAbove(at: bigint, end: bigint): bigint {
  return at <= end - BigInt(TRAP_FRAME.SIZE) ? at : 0n;
}

/**
 * In its first two instructions and its last one, a function has no rbp of its own: its return address is on top of the
 * stack, or next to it. So it is after a call to where no code is. 0 when the trap came anywhere else.
 */
function callerAtTheEdge(frame: bigint): bigint {
  const rip = TRAP_FRAME.rip(frame);
  const rsp = TRAP_FRAME.rsp(frame);
  if (!isCode(rip)) return TRAP_FRAME.vector(frame) === BigInt(VECTOR.PAGE_FAULT) ? codeOnStack(rsp) : 0n;
  const opcode = tryLoad8(rip);
  if (opcode === PUSH_RBP || opcode === RET) return codeOnStack(rsp);
  return (wordTried(rip) & THREE_BYTES) === MOV_RBP_RSP ? codeOnStack(rsp + 8n) : 0n;
}

function codeOnStack(at: bigint): bigint {
  const end = stackEndFor(at);
  if (end === 0n || (at & 7n) !== 0n) return 0n;
  const value = wordTried(at);
  return isCode(value - 1n) ? value : 0n;
}

/** With room for the longest of the instructions that are looked at. */
function isCode(address: bigint): boolean {
  return address >= textStart() && address < textEnd() - 8n;
}

/** The end of the stack that `at` lies in; 0 if in none. */
function stackEndFor(at: bigint): bigint {
  for (let i = 0; i < stackGuardCount(); i++) {
    if (at >= stackGuard(i) + PAGE_SIZE && at < stackEnd(i)) return stackEnd(i);
  }
  return 0n;
}

/** One call, and what was inlined: `shownAs` is its address, `code` a byte of the instruction. */
function callLog(shownAs: bigint, code: bigint): void {
  if (shownAs === lastShown) {
    repeated++;
    return;
  }
  repeatedLog();
  lastShown = shownAs;
  shown++;
  if (shown === MOST_CALLS + 1) {
    columnSpaces(NUMBER_COLUMNS + 3);
    logLine("and so on");
  }
  if (shown > MOST_CALLS) return;

  numberLog();
  logText("0x");
  logHexDigits(shownAs, 16);
  if (!symbolFind(code)) {
    logLine(isCode(code) ? " of an unknown function" : " no code of the kernel");
    return;
  }
  placeLog(NAME_COLUMN);
  while (symbolIsInlined()) {
    symbolOuter();
    numberLog();
    logText("      inlined into");
    placeLog(NAME_COLUMN);
  }
}

/** `  #0 `, and the next one from then on */
function numberLog(): void {
  logText(number < 10 ? "  #" : " #");
  logNumber("", number);
  logByte(SPACE);
  number++;
}

function repeatedLog(): void {
  if (repeated > 0 && shown <= MOST_CALLS) {
    columnSpaces(NUMBER_COLUMNS + 3);
    logNumber("the same call, ", repeated);
    logLine(" times more");
  }
  repeated = 0;
}

/**
 * Ends a line that has `columns` - 1 columns: the function, its file and line. What is too long for one line takes two.
 */
export function placeLog(columns: number): void {
  const nameLength = symbolNameLength();
  const pathLength = symbolFileLength() + 1 + decimalDigitCount(symbolLine());
  const gap = Math.max(nameLength, NAME_COLUMNS) + 1 - nameLength;
  logByte(SPACE);
  symbolNameLog();
  if (columns + nameLength + gap + pathLength <= COLUMNS) {
    columnSpaces(gap);
  } else {
    logEnd();
    columnSpaces(columns);
  }
  pathLog();
  logEnd();
}

/** `kernel/mm/heap/heap.ts:60`, or `…:?` where the compiler made one instruction of several lines. */
function pathLog(): void {
  symbolFileLog();
  if (symbolLine() === 0) logText(":?");
  else logNumber(":", symbolLine());
}
