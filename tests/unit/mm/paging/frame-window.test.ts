/** The frame table's window, as a walker sees it that shares no code with the kernel. */
import { beforeEach, expect, test } from "vitest";
import { bootInfoClear, moduleAdd, rangeAdd } from "../../../../kernel/dev/boot-info.ts";
import { store64 } from "../../../../kernel/doors/machine.ts";
import { FRAME_TABLE, NOWHERE } from "../../../../kernel/lib/addr.ts";
import { NO_MEMORY, OK } from "../../../../kernel/lib/status.ts";
import { frameWindowBuild, frameWindowEntry } from "../../../../kernel/mm/paging/frame-window.ts";
import { highestUsable, memoryMapBuild } from "../../../../kernel/mm/phys/memory-map.ts";
import {
  REGION_RECORDS, regionBytes, regionCount, regionEnd, regionIsFromUsable, regionKind, regionStart,
} from "../../../../kernel/mm/phys/regions.ts";
import { MIB, type Machine, type PhysRange } from "../../../fake/machine.ts";
import { type Mapping, mappings, tableCount } from "../../../fake/tables.ts";
import { logTake, loggingMachine } from "../../dev/record.ts";

const GIB = 0x4000_0000n;
const TIB = 1024n * GIB;
const FLAGS = 0x8000_0000_0000_0103n; // present, writable, global, no-execute
const HUGE = 0x80n;
let machine: Machine;

beforeEach(() => bootTables([{ start: 2 ** 32, end: 2 ** 36 }]));

/** A machine of 64 MiB and what `moreRam` says, whose boot tables have an empty root in frame 0. */
function bootTables(moreRam: readonly PhysRange[]): void {
  machine = loggingMachine({ ramBytes: 64 * MIB, moreRam });
  for (let at = 0n; at < 4096n; at += 8n) machine.physWrite64(at, 0n);
  bootInfoClear();
}

/** A map whose usable memory is low..high and what `more` says: [start, length]. */
function mapOf(low: bigint, ...more: readonly (readonly [bigint, bigint])[]): void {
  rangeAdd(0n, 0x9_f000n, 1);
  rangeAdd(0x10_0000n, low - 0x10_0000n, 1);
  for (const [start, length] of more) rangeAdd(start, length, 1);
  memoryMapBuild();
  logTake(machine);
}
const window = (): Mapping[] => mappings(machine, 0n).filter(({ va }) => va >= FRAME_TABLE && va < FRAME_TABLE + TIB);
/** Pages of the window's records that the memory map asks for, by its regions: their numbers, of 128 frames each. */
function pagesNeeded(): Set<bigint> {
  const pages = new Set<bigint>();
  for (let i = 0; i < regionCount(); i++) {
    if (!regionIsFromUsable(i)) continue;
    for (let page = regionStart(i) >> 19n; page <= (regionEnd(i) - 1n) >> 19n; page++) pages.add(page);
  }
  return pages;
}

test.each([
  ["32 MiB", 32n, [], 0],
  ["64 MiB with a ragged end", 64n, [], 0],
  ["1 GiB", 1024n, [], 3],
  ["3 GiB and 5 more above a hole", 3072n, [[4n * GIB, 5n * GIB]], 20],
  ["three ranges, one of them a single page", 512n, [[4n * GIB, 0x1000n], [40n * GIB + 0x3000n, GIB]], 1],
] as const)("%s: every frame has a record, on pages of their own, and nothing else has", (_, mib, more, large) => {
  mapOf(mib * 0x10_0000n - 0x2_0000n, ...more);
  const needed = pagesNeeded();
  expect(frameWindowBuild()).toBe(OK);

  const found = window();
  const shown = new Set<bigint>();
  const frames = new Set<bigint>();
  for (const { va, pa, bytes, flags } of found) {
    expect(flags).toBe(bytes === 4096n ? FLAGS : FLAGS | HUGE);
    expect(va - FRAME_TABLE < 1n << 39n).toBe(true);
    for (let at = 0n; at < bytes; at += 4096n) {
      shown.add((va - FRAME_TABLE + at) >> 12n);
      frames.add(pa + at);
    }
  }
  expect([...shown].filter((page) => !needed.has(page))).toEqual([]);
  expect([...needed].filter((page) => !shown.has(page))).toEqual([]);
  expect(frames.size).toBe(shown.size); // no two records in one place
  expect(found.filter(({ bytes }) => bytes > 4096n).length).toBeGreaterThanOrEqual(large);

  // Its frames, and the tables that lead to them, are a region, and nobody else's.
  const tables = tableCount(machine, 0n) - 1;
  expect(regionBytes(REGION_RECORDS)).toBe(BigInt(shown.size + tables) * 4096n);
  for (const pa of frames) expect(kindAt(pa)).toBe(REGION_RECORDS);
  expect(frameWindowEntry()).toBe(machine.physRead64(384n * 8n));
});

function kindAt(pa: bigint): number {
  for (let i = 0; i < regionCount(); i++) {
    if (pa >= regionStart(i) && pa < regionEnd(i)) return regionKind(i);
  }
  return -1;
}

test("what is written to the record of the first and of the last frame arrives there", () => {
  mapOf(0x200_0000n, [4n * GIB, GIB]);
  frameWindowBuild();
  for (const pa of [0x10_0000n, highestUsable() - 0x1000n]) {
    const at = FRAME_TABLE + (pa >> 12n) * 32n;
    store64(at, pa);
    const page = window().find(({ va, bytes }) => va <= at && at < va + bytes)!;
    expect(machine.physRead64(page.pa + (at - page.va))).toBe(pa);
  }
});

test("a hole costs nothing, however large it is", () => {
  mapOf(0x200_0000n, [4n * GIB, GIB]);
  frameWindowBuild();
  const near = [window().length, regionBytes(REGION_RECORDS)];
  bootTables([{ start: 2 ** 39, end: 2 ** 39 + 2 ** 30 }]);
  mapOf(0x200_0000n, [512n * GIB, GIB]);
  frameWindowBuild();
  const far = [window().length, regionBytes(REGION_RECORDS)];
  // Tables for a place of its own, at most one of each level.
  expect([far[0], Number(far[1]) - Number(near[1]) <= 2 * 4096]).toEqual([near[0], true]);
});

/** The window needs more than there is; or its tables do, which the boot tables must reach. */
test.each([
  ["for the records: all but half a MiB is a module", 0x38_0000n, 8n * GIB],
  ["for the tables: all memory lies above 4 GiB", 0x30_0000n, 4n * GIB],
])("no room is an answer with a line, and the map is as it was: %s", (_, low, moduleUpTo) => {
  moduleAdd(4n * GIB, moduleUpTo, NOWHERE, 0);
  mapOf(low, [4n * GIB, 4n * GIB]);
  const regions = (): unknown => {
    return Array.from({ length: regionCount() }, (_, i) => [regionStart(i), regionEnd(i), regionKind(i)]);
  };
  const before = regions();
  const status = frameWindowBuild();
  expect(logTake(machine)).toMatch(/^mm\/paging: no room for the frame table, size=0x[0-9a-f]+\n$/);
  expect([status, regions(), window()]).toEqual([NO_MEMORY, before, []]);
});
