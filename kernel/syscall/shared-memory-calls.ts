/** System V shared memory: man 2 shmget, shmat, shmdt, shmctl. */
import { unixTime } from "../arch/wall-clock.ts";
import { fillWords, staticBytes } from "../doors/machine.ts";
import {
  GET_FLAG, SEGMENT, segmentAt, segmentAttachments, segmentCount, segmentFind, segmentGet, segmentOf, segmentRemove,
  SEGMENT_BYTES_MOST, SEGMENTS_MOST,
} from "../ipc/shared-memory.ts";
import { alignDown, alignUp, isPageAligned, NOWHERE, PAGE_SHIFT, PAGE_SIZE, virtAddr } from "../lib/addr.ts";
import { bytes, layout, u32, u64 } from "../lib/layout.ts";
import { INVALID, NO_MEMORY, OK, type Status } from "../lib/status.ts";
import {
  NO_SPACE_OBJECT, OBJECT, objectOf, type SpaceObject,
} from "../mm/space/object.ts";
import { ownerAt, ownerFrames } from "../mm/phys/owners.ts";
import { BACKING, NO_REGION, PERMISSION, REGION, type Region, TREATMENT } from "../mm/space/region.ts";
import { regionFrom, regionNext } from "../mm/space/region-tree.ts";
import { type Space, spaceRegions } from "../mm/space/space.ts";
import { spaceReplace, spaceReserve, spaceUnmap } from "../mm/space/space-map.ts";
import { isUserRange } from "../mm/space/user-range.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { numberOf } from "./file-calls.ts";
import { ADDRESSES_END, callersSpace, pageAt, pagesIn, rangeChoose } from "./memory-range.ts";

const SHM = { READ_ONLY: 0o10000n, ROUND: 0o20000n, REPLACE: 0o40000n, EXECUTE: 0o100000n } as const;
const SHM_ALL = 0o170000n;
const CONTROL = { REMOVE: 0, SET: 1, STAT: 2, LIMITS: 3, LOCK: 11, UNLOCK: 12, STAT_AT: 13, USE: 14, STAT_ANY: 15 } as
  const;
/** In the mode that IPC_STAT tells: it goes with the last who has it attached. */
const REMOVED = 0o1000;

/** Linux's struct shmid_ds on x86-64. */
const SEGMENT_STAT = layout(112, {
  key: u32, uid: u32, gid: u32, creatorUid: u32, creatorGid: u32, mode: u32, sequence: u32, gap: u32,
  unused: bytes(16), size: u64, attached: u64, detached: u64, changed: u64, creator: u32, last: u32, attachments: u64,
  rest: bytes(16),
});
/** struct shminfo, and struct shm_info. */
const LIMITS = layout(72, { most: u64, least: u64, segments: u64, perProcess: u64, pages: u64, rest: bytes(32) });
const USE = layout(48, { segments: u32, gap: u32, pages: u64, resident: u64, swapped: u64, tries: u64, hits: u64 });
const answer = staticBytes(SEGMENT_STAT.SIZE, 8);
const ANSWER_WORDS = SEGMENT_STAT.SIZE >> 3;

export function callShmget(key: bigint, size: bigint, flags: bigint): number {
  const asked = Number(flags & 0xffffn);
  return segmentGet(Number(key & 0xffff_ffffn), size, asked & (GET_FLAG.MODE | CREATION), pid(), unixTime());
}
const CREATION = GET_FLAG.CREATE | GET_FLAG.EXCLUSIVE | GET_FLAG.HUGE;

/** shmat: the address, or a status. */
export function callShmat(id: bigint, hint: bigint, flags: bigint): number {
  const object = segmentFind(numberOf(id));
  if (object === NO_SPACE_OBJECT || (flags & ~SHM_ALL) !== 0n) return INVALID;
  const space = callersSpace();
  const size = alignUp(OBJECT.size(object), PAGE_SIZE);
  const wanted = (flags & SHM.ROUND) !== 0n ? alignDown(hint, PAGE_SIZE) : hint;
  const replaces = (flags & SHM.REPLACE) !== 0n;
  if (!isPageAligned(wanted) || (wanted === 0n && replaces)) return INVALID;
  let start = wanted;
  if (wanted === 0n) start = rangeChoose(space, 0n, size, false);
  else if (!isUserRange(wanted, size)) return INVALID;
  if (start === NOWHERE) return NO_MEMORY;
  const status = replaces
    ? spaceReplace(space, pageAt(start), pagesIn(size), rightsOf(flags), BACKING.SHARED, object, 0n)
    : spaceReserve(space, pageAt(start), pagesIn(size), rightsOf(flags), BACKING.SHARED, object, 0n);
  if (status !== OK) return status === NO_MEMORY || (rightsOf(flags) & WX) === WX ? status : INVALID;
  SEGMENT.setAttached(segmentOf(object), BigInt(unixTime()));
  SEGMENT.setLast(segmentOf(object), pid());
  return Number(start);
}
const WX = PERMISSION.WRITE | PERMISSION.EXECUTE;

function rightsOf(flags: bigint): number {
  const execute = (flags & SHM.EXECUTE) !== 0n ? PERMISSION.EXECUTE : 0;
  const write = (flags & SHM.READ_ONLY) !== 0n ? TREATMENT.READ_ONLY : PERMISSION.WRITE;
  return PERMISSION.READ | PERMISSION.USER | execute | write;
}

/** shmdt: what is left of the segment that was attached at `at`. INVALID: none was. */
export function callShmdt(at: bigint): Status {
  if (!isPageAligned(at) || at >= ADDRESSES_END) return INVALID;
  const space = callersSpace();
  const object = attachedFrom(space, at);
  if (object === NO_SPACE_OBJECT) return INVALID;
  const segment = segmentOf(object);
  SEGMENT.setDetached(segment, BigInt(unixTime()));
  SEGMENT.setLast(segment, pid());
  const end = at + alignUp(OBJECT.size(object), PAGE_SIZE);
  for (let region = regionFrom(spaceRegions(space), at); region !== NO_REGION && REGION.start(region) < end; ) {
    const next = regionNext(region);
    if (isPartOf(region, object, at)) {
      const count = pagesIn(REGION.end(region) - REGION.start(region));
      const status = spaceUnmap(space, pageAt(REGION.start(region)), count); // a whole region: it cannot fail
      if (status !== OK) return status;
    }
    region = next;
  }
  return OK;
}

/** The segment of which byte 0 was attached at `at`, and is there in part. */
function attachedFrom(space: Space, at: bigint): SpaceObject {
  for (let region = regionFrom(spaceRegions(space), at); region !== NO_REGION; region = regionNext(region)) {
    if (REGION.kind(region) !== BACKING.SHARED) continue;
    const object = objectOf(REGION.backing(region));
    if (SEGMENT.id(segmentOf(object)) !== 0 && isPartOf(region, object, at)) return object;
  }
  return NO_SPACE_OBJECT;
}
function isPartOf(region: Region, object: SpaceObject, at: bigint): boolean {
  if (REGION.kind(region) !== BACKING.SHARED || REGION.backing(region) !== object) return false;
  return REGION.start(region) - REGION.offset(region) === at;
}

export function callShmctl(id: bigint, command: bigint, to: bigint): number {
  const what = numberOf(command);
  if (what === CONTROL.LIMITS) return limitsTell(to);
  if (what === CONTROL.USE) return useTell(to);
  const isByIndex = what === CONTROL.STAT_AT || what === CONTROL.STAT_ANY;
  const object = isByIndex ? segmentAt(numberOf(id)) : segmentFind(numberOf(id));
  if (object === NO_SPACE_OBJECT) return INVALID;
  switch (what) {
    case CONTROL.REMOVE:
      segmentRemove(object);
      return OK;
    case CONTROL.SET:
      return modeSet(segmentOf(object), to);
    case CONTROL.STAT:
      return statTell(object, to);
    case CONTROL.STAT_AT:
    case CONTROL.STAT_ANY: {
      const status = statTell(object, to);
      return status === OK ? SEGMENT.id(segmentOf(object)) : status;
    }
    case CONTROL.LOCK:
    case CONTROL.UNLOCK:
      return OK; // nothing is ever taken away
    default:
      return INVALID;
  }
}

/** Of IPC_SET only the mode matters: everybody is the same user here. */
function modeSet(segment: bigint, from: bigint): Status {
  const status = copyIn(virtAddr(answer), from, SEGMENT_STAT.SIZE);
  if (status !== OK) return status;
  SEGMENT.setMode(segment, SEGMENT_STAT.mode(answer) & GET_FLAG.MODE);
  SEGMENT.setChanged(segment, BigInt(unixTime()));
  return OK;
}

function statTell(object: SpaceObject, to: bigint): Status {
  const segment = segmentOf(object);
  fillWords(answer, 0n, ANSWER_WORDS);
  SEGMENT_STAT.setKey(answer, SEGMENT.key(segment));
  SEGMENT_STAT.setMode(answer, SEGMENT.mode(segment) | (SEGMENT.isKept(segment) === 0 ? REMOVED : 0));
  SEGMENT_STAT.setSize(answer, OBJECT.size(object));
  SEGMENT_STAT.setAttached(answer, SEGMENT.attached(segment));
  SEGMENT_STAT.setDetached(answer, SEGMENT.detached(segment));
  SEGMENT_STAT.setChanged(answer, SEGMENT.changed(segment));
  SEGMENT_STAT.setCreator(answer, SEGMENT.creator(segment));
  SEGMENT_STAT.setLast(answer, SEGMENT.last(segment));
  SEGMENT_STAT.setAttachments(answer, BigInt(segmentAttachments(object)));
  return copyOut(to, virtAddr(answer), SEGMENT_STAT.SIZE);
}

/** IPC_INFO; like SHM_INFO it answers the highest index in use. */
function limitsTell(to: bigint): number {
  fillWords(answer, 0n, ANSWER_WORDS);
  LIMITS.setMost(answer, SEGMENT_BYTES_MOST);
  LIMITS.setLeast(answer, 1n);
  LIMITS.setSegments(answer, BigInt(SEGMENTS_MOST));
  LIMITS.setPerProcess(answer, BigInt(SEGMENTS_MOST));
  LIMITS.setPages(answer, SEGMENT_BYTES_MOST >> PAGE_SHIFT);
  return highest(copyOut(to, virtAddr(answer), LIMITS.SIZE));
}
function useTell(to: bigint): number {
  fillWords(answer, 0n, ANSWER_WORDS);
  USE.setSegments(answer, segmentCount());
  for (let i = 0; i < segmentCount(); i++) {
    const object = segmentAt(i);
    USE.setPages(answer, USE.pages(answer) + (alignUp(OBJECT.size(object), PAGE_SIZE) >> PAGE_SHIFT));
    USE.setResident(answer, USE.resident(answer) + BigInt(ownerFrames(ownerAt(OBJECT.ownerAt(object)))));
  }
  return highest(copyOut(to, virtAddr(answer), USE.SIZE));
}
function highest(status: Status): number {
  return status === OK ? Math.max(segmentCount() - 1, 0) : status;
}

function pid(): number {
  return PROCESS.pid(processCurrent());
}
