/**
 * Programs become processes: a space with the file's segments, all of them lazy, and a stack with what a program
 * expects to find there.
 *
 *   from the top of the stack down (System V ABI, AMD64 supplement, "Initial Process Stack")
 *   the strings: arguments, environment
 *   16 bytes for AT_RANDOM
 *   the auxiliary vector, AT_NULL last
 *   pointers to the environment, 0
 *   pointers to the arguments, 0
 *   how many arguments there are                <- RSP, a multiple of 16
 */
import { TICKS_HZ } from "../arch/clock.ts";
import { RFLAGS, SYSTEM_CALL, TRAP_FRAME } from "../arch/trap-frame.ts";
import { panic } from "../base/panic.ts";
import { fpuInitial, fpuRestore, fsBaseSet, USER_CS, USER_SS } from "../arch/user-mode.ts";
import { cpuid, fillWords, load8, rdtsc, staticBytes, store8 } from "../doors/machine.ts";
import {
  alignDown, alignUp, directMap, NOWHERE, PAGE_SHIFT, PAGE_SIZE, pageOf, physAddr, type VirtAddr, virtAddr,
} from "../lib/addr.ts";
import { NO_MEMORY, NO_PROGRAM, OK, type Status } from "../lib/status.ts";
import {
  NO_SPACE_OBJECT, OBJECT, objectReferenceAdd, objectReferenceDrop, type SpaceObject,
} from "../mm/space/object.ts";
import { BACKING, PERMISSION } from "../mm/space/region.ts";
import { NO_SPACE, type Space, spaceCreate, spaceDestroy } from "../mm/space/space.ts";
import { spaceReserve } from "../mm/space/space-map.ts";
import { USER_TOP } from "../mm/space/user-range.ts";
import { copyOut, copyOut64 } from "../mm/user/user-copy.ts";
import { argumentCount, argumentsBlock, argumentsUsed, variableCount } from "./arguments.ts";
import {
  ELF_HEADER_BYTES, elfEnd, elfEntry, elfHeaderCount, elfHeaders, elfLoadNext, elfOpen, loadAddress, loadBytes,
  loadFileBytes, loadFlags, loadOffset, SEGMENT_FLAG,
} from "./elf.ts";
import { fileTableExec } from "./file-table.ts";
import { FLAG, flagSet, NAME_BYTES, NO_PROCESS, PROCESS, type Process, processCurrent } from "./process.ts";
import { spaceUse } from "./schedule.ts";
import { actionsExec } from "./signal-actions.ts";
import { spaceLeave } from "./space-lend.ts";

/** What a stack has from the start, so that the strings fit: the rest grows. */
const STACK_START = 0x4_0000n;
const AT = {
  NULL: 0n, PHDR: 3n, PHENT: 4n, PHNUM: 5n, PAGESZ: 6n, BASE: 7n, FLAGS: 8n, ENTRY: 9n, UID: 11n, EUID: 12n, GID: 13n,
  EGID: 14n, HWCAP: 16n, CLKTCK: 17n, SECURE: 23n, RANDOM: 25n, EXECFN: 31n,
} as const;
const VECTOR_PAIRS = 17;
const FRAME_WORDS = TRAP_FRAME.SIZE >> 3;
const FEATURES_LEAF = 1;
const EDX = 3;
const RANDOM_BYTES = 16;
const WORD = 8n;
const scratch = staticBytes(4096, 16);

/**
 * The program of `object`, a file, with the strings of arguments.ts, becomes what `process` runs from the next return
 * to ring 3 on: `frame` is its TRAP_FRAME. Its old space, if it has one, is gone then. NO_PROGRAM (elfError() says
 * why), NO_MEMORY: nothing has changed.
 */
export function programStart(process: Process, object: SpaceObject, frame: bigint): Status {
  if (!elfOpen(directMap(physAddr(OBJECT.start(object))), OBJECT.size(object))) return NO_PROGRAM;
  const space = spaceCreate();
  if (space === NO_SPACE) return NO_MEMORY;
  const before = PROCESS.space(process);
  const current = processCurrent();

  PROCESS.setSpace(process, space);
  spaceUse(space); // pages are touched as a program would: user copies ask for the current process's space
  building = space;
  let status = segmentsReserve(space, object);
  if (status === OK) status = stackReserve(space);
  if (status === OK) status = tailsClear();
  if (status === OK) status = stackFill();
  building = NO_SPACE;
  if (status !== OK) {
    PROCESS.setSpace(process, before);
    spaceUse(current === NO_PROCESS ? NO_SPACE : PROCESS.space(current));
    if (spaceDestroy(space) !== OK) panic("proc: a space that nobody has used is in use", space);
    return status;
  }
  if (before !== NO_SPACE) spaceLeave(process, before);
  else spaceUse(current === NO_PROCESS ? NO_SPACE : PROCESS.space(current));
  objectReferenceAdd(object);
  if (PROCESS.object(process) !== NO_SPACE_OBJECT) objectReferenceDrop(PROCESS.object(process));
  PROCESS.setObject(process, object);
  PROCESS.setBrkStart(process, elfEnd());
  PROCESS.setBrkEnd(process, elfEnd());
  PROCESS.setFsBase(process, 0n);
  fpuInitial(virtAddr(PROCESS.fpuAt(process)));
  nameSet(process, argumentsBlock(), argumentsUsed());
  frameStart(frame);
  return OK;
}

/**
 * execve: programStart for the current process, whose registers and open files are a new program's, too. `name`, of
 * `length` bytes, is how it was found.
 */
export function programExec(object: SpaceObject, frame: bigint, name: bigint, length: number): Status {
  const process = processCurrent();
  const status = programStart(process, object, frame);
  if (status !== OK) return status;
  nameSet(process, name, length);
  fsBaseSet(0n);
  fpuRestore(virtAddr(PROCESS.fpuAt(process)));
  fileTableExec(PROCESS.files(process));
  actionsExec(process);
  flagSet(process, FLAG.EXECUTED);
  PROCESS.setClearTid(process, 0n);
  return OK;
}

let building: Space = NO_SPACE;
let stackPointer = 0n;

/** copyOut to the memory of a process that is not the current one and has never run. */
export function copyOutTo(process: Process, to: bigint, from: VirtAddr, count: number): Status {
  building = PROCESS.space(process);
  spaceUse(building);
  const status = copyOut(to, from, count);
  building = NO_SPACE;
  spaceUse(PROCESS.space(processCurrent()));
  return status;
}

/** The space whose pages a user copy reaches: the current process's, or one that is just being built. */
export function spaceReached(): Space {
  if (building !== NO_SPACE) return building;
  const process = processCurrent();
  return process === NO_PROCESS ? NO_SPACE : PROCESS.space(process);
}

// ---- the space -------------------------------------------------------------------------------------------------
function segmentsReserve(space: Space, object: SpaceObject): Status {
  for (let at = elfLoadNext(-1); at >= 0; at = elfLoadNext(at)) {
    const start = alignDown(loadAddress(at), PAGE_SIZE);
    const end = alignUp(loadAddress(at) + loadBytes(at), PAGE_SIZE);
    const fileEnd = loadFileBytes(at) === 0n ? start : alignUp(loadAddress(at) + loadFileBytes(at), PAGE_SIZE);
    const permissions = permissionsOf(loadFlags(at));
    const offset = alignDown(loadOffset(at), PAGE_SIZE);
    let status = reserve(space, start, fileEnd, permissions, BACKING.OBJECT, object, offset);
    if (status === OK) status = reserve(space, fileEnd, end, permissions, BACKING.ANONYMOUS, 0n, fileEnd);
    if (status !== OK) return status;
  }
  return OK;
}

function stackReserve(space: Space): Status {
  const start = USER_TOP - STACK_START;
  const permissions = PERMISSION.READ | PERMISSION.WRITE | PERMISSION.USER;
  return reserve(space, start, USER_TOP, permissions, BACKING.STACK, 0n, start);
}

function reserve(
  space: Space, start: bigint, end: bigint, permissions: number, kind: number, backing: bigint, offset: bigint,
): Status {
  if (start === end) return OK;
  const count = Number((end - start) >> PAGE_SHIFT);
  return spaceReserve(space, pageOf(virtAddr(start)), count, permissions, kind, backing, offset);
}

function permissionsOf(flags: number): number {
  let permissions = PERMISSION.USER as number;
  if ((flags & SEGMENT_FLAG.READ) !== 0) permissions |= PERMISSION.READ;
  if ((flags & SEGMENT_FLAG.WRITE) !== 0) permissions |= PERMISSION.READ | PERMISSION.WRITE;
  if ((flags & SEGMENT_FLAG.EXECUTE) !== 0) permissions |= PERMISSION.READ | PERMISSION.EXECUTE;
  return permissions;
}

/** Where the bytes of the file end within a page that can be written, the rest of the page is zero, not the file's. */
function tailsClear(): Status {
  fillWords(scratch, 0n, Number(PAGE_SIZE / WORD));
  for (let at = elfLoadNext(-1); at >= 0; at = elfLoadNext(at)) {
    const end = loadAddress(at) + loadFileBytes(at);
    const rest = Number(alignUp(end, PAGE_SIZE) - end);
    if (rest === 0 || loadFileBytes(at) === 0n || (loadFlags(at) & SEGMENT_FLAG.WRITE) === 0) continue;
    const status = copyOut(end, virtAddr(scratch), rest);
    if (status !== OK) return NO_MEMORY;
  }
  return OK;
}

// ---- the stack -------------------------------------------------------------------------------------------------
function stackFill(): Status {
  const strings = USER_TOP - alignUp(BigInt(argumentsUsed()), 16n);
  const random = strings - BigInt(RANDOM_BYTES);
  const words = 1 + argumentCount() + 1 + variableCount() + 1 + 2 * VECTOR_PAIRS;
  stackPointer = alignDown(random - BigInt(words) * WORD, 16n);
  putStatus = OK;

  let status = copyOut(strings, argumentsBlock(), argumentsUsed());
  if (status === OK) status = copyOut64(random, BigInt.asUintN(64, rdtsc() * 0x9e37_79b9_7f4a_7c15n));
  if (status === OK) status = copyOut64(random + WORD, BigInt.asUintN(64, rdtsc() * 0xbf58_476d_1ce4_e5b9n));
  put = stackPointer;
  string = strings;
  inBlock = argumentsBlock();
  wordPut(BigInt(argumentCount()));
  pointersPut(argumentCount());
  pointersPut(variableCount());
  vectorPut(random, strings);
  return status === OK ? putStatus : NO_MEMORY;
}

let put = 0n;
let string = 0n;
let inBlock = NOWHERE;
let putStatus: Status = OK;

function wordPut(word: bigint): void {
  const status = copyOut64(put, word);
  if (status !== OK) putStatus = NO_MEMORY;
  put += WORD;
}
/** Pointers to the next `count` strings, and 0. */
function pointersPut(count: number): void {
  for (let i = 0; i < count; i++) {
    wordPut(string);
    let length = 1n;
    while (load8(inBlock + length - 1n) !== 0) length++;
    string += length;
    inBlock = virtAddr(inBlock + length);
  }
  wordPut(0n);
}
function pairPut(key: bigint, value: bigint): void {
  wordPut(key);
  wordPut(value);
}
function vectorPut(random: bigint, name: bigint): void {
  pairPut(AT.PHDR, elfHeaders());
  pairPut(AT.PHENT, BigInt(ELF_HEADER_BYTES));
  pairPut(AT.PHNUM, BigInt(elfHeaderCount()));
  pairPut(AT.PAGESZ, PAGE_SIZE);
  pairPut(AT.BASE, 0n);
  pairPut(AT.FLAGS, 0n);
  pairPut(AT.ENTRY, elfEntry());
  pairPut(AT.UID, 0n);
  pairPut(AT.EUID, 0n);
  pairPut(AT.GID, 0n);
  pairPut(AT.EGID, 0n);
  pairPut(AT.HWCAP, BigInt(cpuid(FEATURES_LEAF, 0, EDX)));
  pairPut(AT.CLKTCK, BigInt(TICKS_HZ));
  pairPut(AT.SECURE, 0n);
  pairPut(AT.RANDOM, random);
  pairPut(AT.EXECFN, name);
  pairPut(AT.NULL, 0n);
}

// ---- the process -----------------------------------------------------------------------------------------------
function frameStart(frame: bigint): void {
  fillWords(frame, 0n, FRAME_WORDS);
  TRAP_FRAME.setVector(frame, BigInt(SYSTEM_CALL));
  TRAP_FRAME.setRip(frame, elfEntry());
  TRAP_FRAME.setCs(frame, USER_CS);
  TRAP_FRAME.setRflags(frame, RFLAGS.ALWAYS | RFLAGS.INTERRUPTS);
  TRAP_FRAME.setRsp(frame, stackPointer);
  TRAP_FRAME.setSs(frame, USER_SS);
}

/** What is behind the last folder of a path, up to its zero, cut to 15 bytes, as in Linux's /proc/PID/comm. */
function nameSet(process: Process, path: bigint, count: number): void {
  const name = PROCESS.nameAt(process);
  let length = 0;
  for (let i = 0; i < count && load8(path + BigInt(i)) !== 0; i++) {
    const byte = load8(path + BigInt(i));
    if (byte === SLASH) length = 0;
    else if (length < NAME_BYTES - 1) store8(name + BigInt(length++), byte);
  }
  store8(name + BigInt(length), 0);
}
const SLASH = 0x2f;
