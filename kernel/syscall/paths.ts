/**
 * What has a path: there are no file systems, and so very little. Paths are compared as they are written; a program is
 * found by its name in whatever folder.
 */
import { load8, staticBytes, stringLength } from "../doors/machine.ts";
import { type VirtAddr, virtAddr } from "../lib/addr.ts";
import { NAME_TOO_LONG, NO_FILE, NOT_A_FOLDER, NOT_FOUND, OK, type Status, statusIn, TOO_LONG } from "../lib/status.ts";
import { textBegins } from "../lib/text.ts";
import { copyInString } from "../mm/user/user-copy.ts";
import { NO_OPEN_FILE } from "../proc/files.ts";
import { programIsThere } from "../proc/programs.ts";
import { fileAt, numberOf } from "./file-calls.ts";

/** What a path leads to. SELF: the program that the process runs. */
export const PLACE = { NOTHING: 0, ROOT: 1, NULL: 2, TERMINAL: 3, PROGRAM: 4, SELF: 5 } as const;

const PATH_BYTES = 4096;
const SLASH = 0x2f;
/** Instead of a folder's descriptor: where the process is. */
const AT_FDCWD = -100;
const path = staticBytes(PATH_BYTES, 8);
let length = 0;

/**
 * Reads the path at `from`, which begins in the folder that is open as `folder`; pathPlace says what it leads to.
 * BAD_ADDRESS, NAME_TOO_LONG; NOT_FOUND when it is empty; NO_FILE, NOT_A_FOLDER when it is relative to what is none.
 */
export function pathRead(folder: bigint, from: bigint): Status {
  const answer = copyInString(virtAddr(path), from, PATH_BYTES);
  if (answer === TOO_LONG) return NAME_TOO_LONG;
  if (answer < 0) return statusIn(answer);
  length = answer;
  if (length === 0) return NOT_FOUND;
  if (load8(path) === SLASH || numberOf(folder) === AT_FDCWD) return OK;
  return fileAt(folder) === NO_OPEN_FILE ? NO_FILE : NOT_A_FOLDER; // no folder can be opened
}
/** Where a call without a folder begins. */
export const HERE = 0xffff_ffff_ffff_ff9cn;

/** One of PLACE, for the path that was read last. */
export function pathPlace(): number {
  if (pathIs("/") || pathIs(".") || pathIs("/.")) return PLACE.ROOT;
  if (pathIs("/dev/null")) return PLACE.NULL;
  if (pathIs("/dev/tty") || pathIs("/dev/console")) return PLACE.TERMINAL;
  if (pathIs("/proc/self/exe")) return PLACE.SELF;
  return programIsThere(path, length) ? PLACE.PROGRAM : PLACE.NOTHING;
}
export function pathText(): VirtAddr {
  return virtAddr(path);
}
export function pathLength(): number {
  return length;
}

function pathIs(text: string): boolean {
  return length === stringLength(text) && textBegins(text, path, length);
}
