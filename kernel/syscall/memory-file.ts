/**
 * Files that are memory: bytes between programs and an object of kind MEMORY. A hole reads as zeroes and has no frame.
 */
import { alignDown, frameBytes, lower, NO_FRAME, PAGE_SIZE, virtAddr } from "../lib/addr.ts";
import { FILE_TOO_LARGE, NO_MEMORY, OK } from "../lib/status.ts";
import {
  OBJECT, objectOf, objectPageFind, objectPageReach, objectResize, type SpaceObject,
} from "../mm/space/object.ts";
import { zeroPage } from "../mm/space/zero-page.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import { OPEN_FILE, type OpenFile } from "../proc/files.ts";
import { ADDRESSES_END } from "./memory-range.ts";

/** Up to `count` (1 or more) bytes from byte `at` on to a program: how many, 0 at the end, BAD_ADDRESS. */
export function memoryRead(file: OpenFile, to: bigint, count: number, at: bigint): number {
  const object = objectIn(file);
  const size = OBJECT.size(object);
  const wanted = at >= size ? 0n : lower(size - at, BigInt(count));
  let done = 0n;
  while (done < wanted) {
    const page = alignDown(at + done, PAGE_SIZE);
    const here = lower(wanted - done, page + PAGE_SIZE - at - done);
    const found = objectPageFind(object, page);
    const from = frameBytes(found === NO_FRAME ? zeroPage() : found) + (at + done - page);
    const status = copyOut(to + done, virtAddr(from), Number(here));
    if (status !== OK) return done > 0n ? Number(done) : status;
    done += here;
  }
  return Number(done);
}

/** `count` (1 or more) bytes of a program to byte `at` and those behind it: how many, or a status when it is none. */
export function memoryWrite(file: OpenFile, from: bigint, count: number, at: bigint): number {
  const object = objectIn(file);
  if (at >= ADDRESSES_END) return FILE_TOO_LARGE;
  const wanted = lower(BigInt(count), ADDRESSES_END - at);
  let done = 0n;
  while (done < wanted) {
    const page = alignDown(at + done, PAGE_SIZE);
    const here = lower(wanted - done, page + PAGE_SIZE - at - done);
    const frame = objectPageReach(object, page);
    const status = frame === NO_FRAME
      ? NO_MEMORY
      : copyIn(virtAddr(frameBytes(frame) + (at + done - page)), from + done, Number(here));
    if (status !== OK) {
      objectResize(object, OBJECT.size(object)); // a page behind the end that nothing came to
      return done > 0n ? Number(done) : status;
    }
    done += here;
    if (at + done > OBJECT.size(object)) OBJECT.setSize(object, at + done);
  }
  return Number(done);
}

/** What an open file of kind MEMORY holds. */
export function objectIn(file: OpenFile): SpaceObject {
  return objectOf(OPEN_FILE.object(file));
}
