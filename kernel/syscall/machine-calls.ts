/** System calls about the machine, and what a process may have: man 2 uname, sysinfo, getrandom, getrlimit, prctl. */
import { clockNow, NANOSECONDS } from "../arch/clock.ts";
import { fillWords, load8, rdtsc, staticBytes, store64, store8, stringByte, stringLength } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { bytes, layout, u16, u32, u64 } from "../lib/layout.ts";
import { INVALID, NO_SUCH_PROCESS, NO_SYSTEM_CALL, OK, type Status } from "../lib/status.ts";
import { STACK_BYTES } from "../mm/fault/stack.ts";
import { framesFree, framesTotal } from "../mm/phys/frames.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import { DESCRIPTORS } from "../proc/file-table.ts";
import { NAME_BYTES, PROCESS, processCount, processCurrent } from "../proc/process.ts";

const NAME_FIELD = 65;
const UTSNAME = layout(390, {
  system: bytes(NAME_FIELD), node: bytes(NAME_FIELD), release: bytes(NAME_FIELD), version: bytes(NAME_FIELD),
  machine: bytes(NAME_FIELD), domain: bytes(NAME_FIELD),
});
const SYSINFO = layout(112, {
  uptime: u64, loads: bytes(24), totalRam: u64, freeRam: u64, sharedRam: u64, bufferRam: u64, totalSwap: u64,
  freeSwap: u64, processes: u16, pad: u16, pad2: u32, totalHigh: u64, freeHigh: u64, unit: u32, rest: u32,
});
const LIMIT = layout(16, { soft: u64, hard: u64 });
const ROOM = 512;
const WORDS = 64;
const scratch = staticBytes(ROOM, 8);

/** uname: Linux's name, for programs that ask for it, and a release whose calls these are. */
export function callUname(to: bigint): Status {
  fillWords(scratch, 0n, WORDS);
  textPut(UTSNAME.systemAt(scratch), "Linux");
  textPut(UTSNAME.nodeAt(scratch), "palimpsest");
  textPut(UTSNAME.releaseAt(scratch), "5.10.0");
  textPut(UTSNAME.versionAt(scratch), "Palimpsest");
  textPut(UTSNAME.machineAt(scratch), "x86_64");
  textPut(UTSNAME.domainAt(scratch), "(none)");
  return copyOut(to, virtAddr(scratch), UTSNAME.SIZE);
}
function textPut(to: bigint, text: string): void {
  for (let i = 0; i < stringLength(text); i++) store8(to + BigInt(i), stringByte(text, i));
}

const PAGE_UNIT = 4096;
export function callSysinfo(to: bigint): Status {
  fillWords(scratch, 0n, WORDS);
  SYSINFO.setUptime(scratch, clockNow() / NANOSECONDS);
  SYSINFO.setTotalRam(scratch, BigInt(framesTotal()));
  SYSINFO.setFreeRam(scratch, BigInt(framesFree()));
  SYSINFO.setProcesses(scratch, processCount());
  SYSINFO.setUnit(scratch, PAGE_UNIT);
  return copyOut(to, virtAddr(scratch), SYSINFO.SIZE);
}

// ---- chance ----------------------------------------------------------------------------------------------------
const RANDOM_FLAGS = 7n; // GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE
let state = 0n;

/**
 * getrandom: all of `count` bytes, at most ROOM in one call. They are hard to guess from outside and no more: a
 * splitmix64 that the time stamp counter stirs at each word. Nothing secret is to be made of them.
 */
export function callGetrandom(to: bigint, count: bigint, flags: bigint): number {
  if ((flags & ~RANDOM_FLAGS) !== 0n) return INVALID;
  const bytesMost = count < BigInt(ROOM) ? Number(count) : ROOM;
  for (let at = 0; at < bytesMost; at += 8) store64(scratch + BigInt(at), random());
  const status = copyOut(to, virtAddr(scratch), bytesMost);
  return status === OK ? bytesMost : status;
}
/** Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators". */
function random(): bigint {
  state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n + rdtsc());
  let word = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
  word = BigInt.asUintN(64, (word ^ (word >> 27n)) * 0x94d0_49bb_1331_11ebn);
  return word ^ (word >> 31n);
}

// ---- limits ----------------------------------------------------------------------------------------------------
const RESOURCE = { STACK: 3, CORE: 4, NOFILE: 7 } as const;
const RESOURCES = 16n;
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

/** prlimit64, getrlimit: they can be asked, and not be changed. */
export function callPrlimit(pid: bigint, resource: bigint, changed: bigint, to: bigint): Status {
  if (pid !== 0n && Number(pid & 0xffff_ffffn) !== PROCESS.pid(processCurrent())) return NO_SUCH_PROCESS;
  if ((resource & 0xffff_ffffn) >= RESOURCES) return INVALID;
  if (changed !== 0n) return NO_SYSTEM_CALL;
  if (to === 0n) return OK;
  const limit = limitOf(Number(resource & 0xfn));
  LIMIT.setSoft(scratch, limit);
  LIMIT.setHard(scratch, limit);
  return copyOut(to, virtAddr(scratch), LIMIT.SIZE);
}
function limitOf(resource: number): bigint {
  switch (resource) {
    case RESOURCE.STACK:
      return STACK_BYTES;
    case RESOURCE.CORE:
      return 0n;
    case RESOURCE.NOFILE:
      return BigInt(DESCRIPTORS);
    default:
      return NO_LIMIT;
  }
}

// ---- names -----------------------------------------------------------------------------------------------------
const PRCTL = { SET_NAME: 15n, GET_NAME: 16n } as const;

/** prctl: a process's name, of 15 bytes. INVALID: anything else. */
export function callPrctl(option: bigint, at: bigint): Status {
  const name = PROCESS.nameAt(processCurrent());
  if (option === PRCTL.GET_NAME) return copyOut(at, virtAddr(name), NAME_BYTES);
  if (option !== PRCTL.SET_NAME) return INVALID;
  let length = 0;
  for (let byte = 1; byte !== 0 && length < NAME_BYTES - 1; length++) {
    const status = copyIn(virtAddr(scratch + BigInt(length)), BigInt.asUintN(64, at + BigInt(length)), 1);
    if (status !== OK) return status;
    byte = load8(scratch + BigInt(length));
  }
  for (let i = 0; i < length; i++) store8(name + BigInt(i), load8(scratch + BigInt(i)));
  store8(name + BigInt(length), 0);
  return OK;
}
