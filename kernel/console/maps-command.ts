/** `maps PID`: the regions of a process, as Linux's /proc/PID/maps has them, as far as that fits the screen. */
"compiler: cold"; // for people to read
import { columnNumber, columnSpaces, columnText, columnTextRight } from "../base/columns.ts";
import { hexDigitCount, logAscii, logByte, logEnd, logHexDigits, logLine, logNumber, logText } from "../base/log.ts";
import { load8 } from "../doors/machine.ts";
import { SEGMENT, segmentOf } from "../ipc/shared-memory.ts";
import { alignUp, PAGE_SHIFT, PAGE_SIZE } from "../lib/addr.ts";
import { numberParsed } from "../lib/number.ts";
import { OBJECT, OBJECT_KIND, objectOf } from "../mm/space/object.ts";
import {
  BACKING, NO_REGION, PERMISSION, REGION, type Region, regionHasObject, regionSize,
} from "../mm/space/region.ts";
import { regionFirst, regionNext } from "../mm/space/region-tree.ts";
import { regionResident, spaceResident } from "../mm/space/resident.ts";
import { NO_SPACE, type Space, spacePageCount, spaceRegions } from "../mm/space/space.ts";
import { USER_TOP } from "../mm/space/user-range.ts";
import { NO_PROCESS, PROCESS, type Process, processFind } from "../proc/process.ts";
import { argumentIsNumber } from "./words.ts";

const DIGITS = 8;
const PLACE = 25; // two addresses of 12 digits
const OFFSET = 12;
const RESIDENT = 9;
const VIRTUAL = 11;
const KIB_PER_PAGE = 4;
const PID_MOST = 0x7fff_ffffn;
const LETTER = { NONE: 0x2d, READ: 0x72, WRITE: 0x77, EXECUTE: 0x78, PRIVATE: 0x70, SHARED: 0x73 } as const;

/** A line for each region: place, rights, offset, KiB that are there, KiB that it has, whose bytes; and the sums. */
export function mapsCommand(): boolean {
  if (!argumentIsNumber()) return true;
  const process = numberParsed() > PID_MOST ? NO_PROCESS : processFind(Number(numberParsed()));
  const space = process === NO_PROCESS ? NO_SPACE : PROCESS.space(process);
  if (space === NO_SPACE) {
    logLine("No process with that number has memory; ps lists them.");
    return true;
  }
  columnText("address", PLACE + 1);
  columnText("may", 5);
  columnText("offset", OFFSET);
  columnTextRight("resident", RESIDENT);
  columnTextRight("KiB", VIRTUAL);
  logLine("  what");
  for (let at = regionFirst(spaceRegions(space)); at !== NO_REGION; at = regionNext(at)) regionShow(process, space, at);
  columnText("in all", PLACE + 6 + OFFSET);
  columnNumber(spaceResident(space) * KIB_PER_PAGE, RESIDENT);
  columnNumber(spacePageCount(space) * KIB_PER_PAGE, VIRTUAL);
  logEnd();
  return true;
}

function regionShow(process: Process, space: Space, region: Region): void {
  const start = REGION.start(region);
  const end = REGION.end(region);
  hexShow(start);
  logByte(LETTER.NONE);
  hexShow(end);
  columnSpaces(PLACE - digitsOf(start) - digitsOf(end));
  rightsShow(region);
  const offset = regionHasObject(region) ? REGION.offset(region) : 0n;
  hexShow(offset);
  columnSpaces(OFFSET - digitsOf(offset));
  columnNumber(regionResident(space, region) * KIB_PER_PAGE, RESIDENT);
  columnNumber(Number(regionSize(region) >> PAGE_SHIFT) * KIB_PER_PAGE, VIRTUAL);
  nameShow(process, region);
  logEnd();
}

function rightsShow(region: Region): void {
  const permissions = REGION.permissions(region);
  logByte((permissions & PERMISSION.READ) !== 0 ? LETTER.READ : LETTER.NONE);
  logByte((permissions & PERMISSION.WRITE) !== 0 ? LETTER.WRITE : LETTER.NONE);
  logByte((permissions & PERMISSION.EXECUTE) !== 0 ? LETTER.EXECUTE : LETTER.NONE);
  logByte(REGION.kind(region) === BACKING.SHARED ? LETTER.SHARED : LETTER.PRIVATE);
  logText(" ");
}

/** Linux's names where it has one: of a file, [heap], [stack], /SYSV and the key. */
function nameShow(process: Process, region: Region): void {
  if (regionHasObject(region)) {
    logText("  ");
    objectNameShow(process, region);
  } else if (REGION.kind(region) === BACKING.STACK && REGION.end(region) === USER_TOP) {
    logText("  [stack]");
  } else if (isHeap(process, region)) {
    logText("  [heap]");
  }
}
function objectNameShow(process: Process, region: Region): void {
  const object = objectOf(REGION.backing(region));
  if (OBJECT.kind(object) === OBJECT_KIND.MODULE) {
    const name = PROCESS.nameAt(process);
    let length = 0;
    while (load8(name + BigInt(length)) !== 0) length++;
    logAscii(name, length);
  } else if (SEGMENT.id(segmentOf(object)) !== 0) {
    logText("/SYSV");
    logHexDigits(BigInt(SEGMENT.key(segmentOf(object))), DIGITS);
  } else {
    logNumber("[shared ", Number(OBJECT.id(object)));
    logText("]");
  }
}
function isHeap(process: Process, region: Region): boolean {
  const start = alignUp(PROCESS.brkStart(process), PAGE_SIZE);
  return REGION.start(region) < PROCESS.brkEnd(process) && REGION.end(region) > start;
}

/** At least eight digits. */
function hexShow(value: bigint): void {
  logHexDigits(value, digitsOf(value));
}
function digitsOf(value: bigint): number {
  return Math.max(hexDigitCount(value), DIGITS);
}
