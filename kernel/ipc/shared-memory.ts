/**
 * System V shared memory: segments that processes find by a key. A segment is an object of kind MEMORY with notes.
 *
 *   SEGMENT, 64 bytes: the notes of the object
 *   +0   | id            | key           |   0: the object is no segment; 0: only its id leads to it
 *   +8   | mode          | isKept        |   permissions; 1 until it is removed: that is a reference of the object's
 *   +16  | creator       | last          |   pids; the last who attached or detached it
 *   +24  | attached      | detached      |   when, in seconds since 1970; 0: never
 *   +40  | changed       | rest          |
 *
 * How often it is attached is how many regions show it, so a part that is unmapped counts as on Linux. A segment that
 * is removed is there for those who know its id, until the last of them detaches it.
 */
import { bytes, layout, u32, u64 } from "../lib/layout.ts";
import { EXISTS_ALREADY, INVALID, NO_MEMORY, NO_SPACE_LEFT, NOT_FOUND } from "../lib/status.ts";
import {
  NO_SPACE_OBJECT, OBJECT, objectFirst, objectOfMemory, objectReferenceDrop, type SpaceObject,
} from "../mm/space/object.ts";

export const SEGMENT = layout(64, {
  id: u32, key: u32, mode: u32, isKept: u32, creator: u32, last: u32, attached: u64, detached: u64, changed: u64,
  rest: bytes(16),
});
/** What `flags` of segmentGet says beside the permissions (man 2 shmget). */
export const GET_FLAG = { CREATE: 0o1000, EXCLUSIVE: 0o2000, HUGE: 0o4000, MODE: 0o777 } as const;
/** Linux's SHMMNI; and what one may be large: 64 TiB. */
export const SEGMENTS_MOST = 4096;
export const SEGMENT_BYTES_MOST = 1n << 46n;
const PRIVATE = 0;

let lastId = 0;

export function segmentsInit(): void {
  lastId = 0;
}

/**
 * The id (1 or more) of the segment with that key, or of a new one. NOT_FOUND, EXISTS_ALREADY, INVALID (a size that is
 * none, or more than the segment has), NO_SPACE_LEFT, NO_MEMORY: nothing has changed.
 */
export function segmentGet(key: number, size: bigint, flags: number, pid: number, now: number): number {
  const found = key === PRIVATE ? NO_SPACE_OBJECT : segmentOfKey(key);
  if (found !== NO_SPACE_OBJECT) {
    if ((flags & GET_FLAG.CREATE) !== 0 && (flags & GET_FLAG.EXCLUSIVE) !== 0) return EXISTS_ALREADY;
    return size > OBJECT.size(found) ? INVALID : SEGMENT.id(segmentOf(found));
  }
  if (key !== PRIVATE && (flags & GET_FLAG.CREATE) === 0) return NOT_FOUND;
  if (size === 0n || size > SEGMENT_BYTES_MOST || (flags & GET_FLAG.HUGE) !== 0) return INVALID;
  if (segmentCount() >= SEGMENTS_MOST) return NO_SPACE_LEFT;
  const object = objectOfMemory(size);
  if (object === NO_SPACE_OBJECT) return NO_MEMORY;
  const segment = segmentOf(object);
  lastId = (lastId % ID_MOST) + 1;
  SEGMENT.setId(segment, lastId);
  SEGMENT.setKey(segment, key);
  SEGMENT.setMode(segment, flags & GET_FLAG.MODE);
  SEGMENT.setIsKept(segment, 1);
  SEGMENT.setCreator(segment, pid);
  SEGMENT.setChanged(segment, BigInt(now));
  return lastId;
}
const ID_MOST = 0x7fff_fffe;

/** NO_SPACE_OBJECT: none has that id, any more or yet. Cost: the number of objects. */
export function segmentFind(id: number): SpaceObject {
  if (id <= 0) return NO_SPACE_OBJECT;
  let object = objectFirst();
  while (object !== NO_SPACE_OBJECT && SEGMENT.id(segmentOf(object)) !== id) object = OBJECT.next(object);
  return object;
}
/** The notes of an object of kind MEMORY; their id is 0 if it is no segment. */
export function segmentOf(object: SpaceObject): bigint {
  return OBJECT.notesAt(object);
}
/** How often it is attached. */
export function segmentAttachments(object: SpaceObject): number {
  return OBJECT.references(object) - SEGMENT.isKept(segmentOf(object));
}
/** It goes with the last who has it attached; now, if nobody has. Its key is free. */
export function segmentRemove(object: SpaceObject): void {
  const segment = segmentOf(object);
  if (SEGMENT.isKept(segment) === 0) return;
  SEGMENT.setIsKept(segment, 0);
  SEGMENT.setKey(segment, PRIVATE);
  objectReferenceDrop(object);
}

/** Of all segments: how many, and the one with number `index`, from 0 on, by age; NO_SPACE_OBJECT. */
export function segmentCount(): number {
  let count = 0;
  for (let object = objectFirst(); object !== NO_SPACE_OBJECT; object = OBJECT.next(object)) {
    if (SEGMENT.id(segmentOf(object)) !== 0) count++;
  }
  return count;
}
export function segmentAt(index: number): SpaceObject {
  let left = segmentCount() - 1 - index;
  for (let object = objectFirst(); object !== NO_SPACE_OBJECT && index >= 0; object = OBJECT.next(object)) {
    if (SEGMENT.id(segmentOf(object)) !== 0 && left-- === 0) return object;
  }
  return NO_SPACE_OBJECT;
}

function segmentOfKey(key: number): SpaceObject {
  let object = objectFirst();
  while (object !== NO_SPACE_OBJECT && !isOfKey(segmentOf(object), key)) object = OBJECT.next(object);
  return object;
}
function isOfKey(segment: bigint, key: number): boolean {
  return SEGMENT.id(segment) !== 0 && SEGMENT.isKept(segment) !== 0 && SEGMENT.key(segment) === key;
}
