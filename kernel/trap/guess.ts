/**
 * What an address is that could not be used: a fact, where the kernel has something there, and what the mistake most
 * likely was, as a question to the person who reads the report.
 */
"compiler: cold"; // for people to read
import {
  dataEnd, dataStart, rodataEnd, rodataStart, stackEnd, stackGuard, stackGuardCount, textEnd, textStart,
} from "../arch/image.ts";
import { TRAP_FRAME } from "../arch/trap-frame.ts";
import { logEnd, logHex, logLine, logPhys, logText } from "../base/log.ts";
import {
  DEMAND_WINDOW, DEMAND_WINDOW_SIZE, DIRECT_MAP, DIRECT_MAP_SIZE, IMAGE_MAP, isCanonical, KERNEL_HALF, PAGE_SIZE,
  type PhysAddr, physAddr,
} from "../lib/addr.ts";
import { heapEnd, heapStart } from "../mm/heap/arena.ts";
import { FREED } from "../mm/phys/freed-pattern.ts";
import { regionFind, regionName } from "../mm/phys/regions.ts";
import { PAGE_FAULT_ERROR } from "../stats/exceptions.ts";

const NONE = -1;

/** `  which is …`, one line, whatever the address. */
export function addressWhatLog(address: bigint): void {
  logText("  which is ");
  if (!isCanonical(address)) logText("no address: its bits 47 to 63 differ");
  else if (address < PAGE_SIZE) logText("in page zero, which is never mapped");
  else if (address < KERNEL_HALF) lowerHalfLog(address);
  else if (isIn(address, DIRECT_MAP, DIRECT_MAP + DIRECT_MAP_SIZE)) directMapLog(physAddr(address - DIRECT_MAP));
  else if (isIn(address, DEMAND_WINDOW, DEMAND_WINDOW + DEMAND_WINDOW_SIZE)) logText("in the demand-paged window");
  else if (address >= IMAGE_MAP) imageLog(address);
  else logText("where the kernel has nothing");
  logEnd();
}

/** One line, or nothing when the page fault at `address`, with `error`, is like no known mistake. */
export function guessLog(address: bigint, error: bigint): void {
  const isFetch = (error & PAGE_FAULT_ERROR.FETCH) !== 0n;
  const isWrite = (error & PAGE_FAULT_ERROR.WRITE) !== 0n;
  if (address < PAGE_SIZE && isFetch) logLine("  guess    a call of a function that was never set?");
  else if (address < PAGE_SIZE) logLine("  guess    null pointer?");
  else if (guardAt(address) !== NONE) logLine("  guess    stack overflow?");
  else if (!isCanonical(address)) logLine("  guess    a number used as a pointer, or a pointer written over?");
  else if (isFetch) logLine("  guess    a jump through a pointer that was written over?");
  else if (isIn(address, textStart(), textEnd())) logLine("  guess    a write through a pointer to code?");
  else if (isWrite && isIn(address, rodataStart(), rodataEnd())) logLine("  guess    a write to a constant?");
}

/** #GP tells no address: each general register that cannot be one, for it may have been used as one. */
export function registersGuessLog(frame: bigint): void {
  suspectLog("rax", TRAP_FRAME.rax(frame));
  suspectLog("rbx", TRAP_FRAME.rbx(frame));
  suspectLog("rcx", TRAP_FRAME.rcx(frame));
  suspectLog("rdx", TRAP_FRAME.rdx(frame));
  suspectLog("rsi", TRAP_FRAME.rsi(frame));
  suspectLog("rdi", TRAP_FRAME.rdi(frame));
  suspectLog("rbp", TRAP_FRAME.rbp(frame));
  suspectLog("r8", TRAP_FRAME.r8(frame));
  suspectLog("r9", TRAP_FRAME.r9(frame));
  suspectLog("r10", TRAP_FRAME.r10(frame));
  suspectLog("r11", TRAP_FRAME.r11(frame));
  suspectLog("r12", TRAP_FRAME.r12(frame));
  suspectLog("r13", TRAP_FRAME.r13(frame));
  suspectLog("r14", TRAP_FRAME.r14(frame));
  suspectLog("r15", TRAP_FRAME.r15(frame));
}

function suspectLog(name: string, value: bigint): void {
  if (isCanonical(value)) return;
  logText("  guess    ");
  logText(name);
  logHex(", ", value);
  if (isFreedPattern(value)) logLine(", is freed memory's pattern: used after free?");
  else logLine(", was used as an address?");
}

/** Near enough to be a field of a record that a pointer out of freed memory should lead to. */
function isFreedPattern(value: bigint): boolean {
  return value >> 16n === FREED >> 16n;
}

function lowerHalfLog(address: bigint): void {
  if (isHeap(address)) logText("in the heap");
  else if (isHeap(address + PAGE_SIZE)) logText("less than a page in front of the heap");
  else if (isHeap(address - PAGE_SIZE)) logText("less than a page behind the heap");
  else logText("in the lower half, where the kernel has only its heap");
}

/** `the direct map of p0x1000: usable`: by the regions of the memory map. */
function directMapLog(pa: PhysAddr): void {
  logPhys("the direct map of ", pa);
  const region = regionFind(pa);
  if (region < 0) {
    logText(", where no memory is");
    return;
  }
  logText(": ");
  logText(regionName(region));
}

function imageLog(address: bigint): void {
  const guard = guardAt(address);
  const stack = stackAt(address);
  if (guard !== NONE) {
    logText("the guard page under the ");
    stackNameLog(guard);
  } else if (stack !== NONE) {
    logText("in the ");
    stackNameLog(stack);
  } else if (isIn(address, textStart(), textEnd())) logText("in the kernel's code");
  else if (isIn(address, rodataStart(), rodataEnd())) logText("in the kernel's constants");
  else if (isIn(address, dataStart(), dataEnd())) logText("in the kernel's variables");
  else logText("near the kernel's image, but not in it");
}

/** The stack under which `address` lies in the page that is never mapped. */
function guardAt(address: bigint): number {
  for (let i = 0; i < stackGuardCount(); i++) {
    if (isIn(address, stackGuard(i), stackGuard(i) + PAGE_SIZE)) return i;
  }
  return NONE;
}

function stackAt(address: bigint): number {
  for (let i = 0; i < stackGuardCount(); i++) {
    if (isIn(address, stackGuard(i), stackEnd(i))) return i;
  }
  return NONE;
}

function stackNameLog(index: number): void {
  switch (index) {
    case 0:
      logText("boot stack");
      break;
    case 1:
      logText("double-fault stack");
      break;
    case 2:
      logText("NMI stack");
      break;
    default:
      logText("machine-check stack");
  }
}

function isHeap(address: bigint): boolean {
  return isIn(address, heapStart(), heapEnd());
}

function isIn(address: bigint, start: bigint, end: bigint): boolean {
  return address >= start && address < end;
}
