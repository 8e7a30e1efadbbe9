/**
 * Random operations on the page tables of two spaces, against a model (tables-model.ts), the fake CPU with its TLB, and
 * the outside walker. What differs is thrown, with the operation's number: the same seed finds it again.
 */
import type { Frame, Page, VirtAddr } from "../../../../kernel/lib/addr.ts";
import { frameAddr, frameOf, NO_PHYS } from "../../../../kernel/lib/addr.ts";
import * as is from "../../../../kernel/lib/status.ts";
import { flushLater, flushNow, flushPay } from "../../../../kernel/mm/paging/flush.ts";
import { kernelRoot } from "../../../../kernel/mm/paging/kernel-map.ts";
import { mapLargest, mapPage, mapPages, mapRange } from "../../../../kernel/mm/paging/map.ts";
import { protectPage, protectRange } from "../../../../kernel/mm/paging/protect.ts";
import { joinPages, splitPage } from "../../../../kernel/mm/paging/split.ts";
import { unmapPage, unmapRange } from "../../../../kernel/mm/paging/unmap.ts";
import { entryStop, translate, translateRights } from "../../../../kernel/mm/paging/walk.ts";
import { framesFree, frameIsFree } from "../../../../kernel/mm/phys/frames.ts";
import { kernelTables } from "../../../../kernel/mm/phys/owners.ts";
import { rootGive, rootTake } from "../../../../kernel/mm/space/space-pages.ts";
import { bootPaging } from "../../../fake/booted.ts";
import { type Machine, PageFault, writeCr3 } from "../../../fake/machine.ts";
import { ACCESS, isAllowed, MODE } from "../../../qemu/kernel/access.ts";
import { walkNow } from "../../../walker.ts";
import { Chance } from "./chance.ts";
import { flagsWrong, FRAMES_LIMIT, frameWrong, isCanonical, leftInHalf, rangeWrong } from "./refusals.ts";
import {
  addressOf, CACHE, FRAME, GLOBAL, Half, HUGE, type Leaf, NO_EXECUTE, PAGES, type Placed, USER, WRITABLE,
} from "./tables-model.ts";

const HALF_PAGES = 2 ** 35;
const UPPER_PAGE = 0xffff_8000_0000_0; // the kernel half's first
const WINDOW_SLOTS = [416, 417]; // of the upper half, 0xffff_d000_0000_0000 and the next
const BITS = 40;
const BETWEEN_LOOKS = 256; // at everything
const LEAVES_MOST = 4000; // then all of them go

/** Three GiB each, at boundaries of the largest kind. */
const WINDOWS = [0, 2 ** 27 - PAGES[3], HALF_PAGES - 3 * PAGES[3], 0xffff_d080_0000_0 - PAGES[3]];
const ENTRIES = [0, 1, 2, 509, 510, 511];
/** One as often as it stands here. */
const KINDS = [
  "map", "map", "map", "unmap", "unmap", "protect", "protect", "split", "join", "look",
] as const;
type Kind = (typeof KINDS)[number];
const ACCESSES = { read: ACCESS.READ, write: ACCESS.WRITE, fetch: ACCESS.FETCH } as const;

/** How often each was done, and how often it was refused; the pages of each size that were mapped. */
export type Done = Record<Kind, [done: number, refused: number]> & { sizes: number[] };

interface Space {
  readonly root: Frame;
  readonly lower: Half;
}
/** An operation's arguments; `count` in pages of `level`. */
interface Asked {
  level: number;
  va: bigint;
  count: number;
  frame: number;
  flags: bigint;
}

export function modelRun(operations: number, seed: number): Done {
  const run = new Run(bootPaging(), seed);
  for (let i = 0; i < operations; i++) {
    try {
      run.step();
      if (i % BETWEEN_LOOKS === 0 || i === operations - 1) run.compareTables();
      if (run.leafCount > LEAVES_MOST || i === operations - 1) run.clear();
    } catch (cause) {
      throw new Error(`operation ${i} of seed ${seed}, ${run.doing}: ${String(cause)}`, { cause });
    }
  }
  run.end();
  return run.done;
}

class Run extends Chance {
  readonly done: Done = {
    map: [0, 0], unmap: [0, 0], protect: [0, 0], split: [0, 0], join: [0, 0], look: [0, 0], sizes: [],
  };
  doing = "";
  private readonly upper = new Half();
  private readonly spaces: Space[];
  private readonly framesAtStart: number;
  private readonly freeAtStart: number;
  private space: Space;
  private current: Space;
  private batch = 0; // operations until it is paid for; 0: no batch
  private watched: { page: number; seen: Set<string> }[] = [];
  private lastSplit = 0;
  private freedTooEarly = "";

  constructor(private readonly machine: Machine, seed: number) {
    super(seed);
    this.framesAtStart = framesFree();
    const roots = [kernelRoot(), rootTake(kernelTables())];
    this.spaces = roots.map((root) => ({ root, lower: new Half() }));
    this.space = this.current = this.spaces[0]!;
    this.freeAtStart = framesFree();
    machine.onFlush((tables) => {
      const free = tables.find((table) => frameIsFree(frameOf(BigInt(table) as never)));
      if (free !== undefined) this.freedTooEarly = `a flush finds table 0x${free.toString(16)} free already`;
    });
  }

  // ---- one operation ----
  step(): void {
    if (this.chance(24)) this.enter(this.pick(this.spaces));
    this.space = this.pick(this.spaces);
    if (this.batch === 0 && this.chance(12)) this.batchBegin();
    const kind = this.pick(KINDS);
    const asked = this.ask(kind);
    const { va, level, count, flags } = asked;
    this.doing = `${kind} ${va.toString(16)} level ${level} count ${count} flags ${flags.toString(16)}`;
    const pages = this.edges(asked);
    if (this.batch === 0) for (const page of pages) this.probe(page, "read", false); // now the TLB has them
    const [done, refused] = this.done[kind];
    this.done[kind] = this.perform(kind, asked) ? [done + 1, refused] : [done, refused + 1];
    if (this.batch > 0) return this.batchGoOn();
    this.agree(pages);
  }

  private agree(pages: number[]): void {
    for (const page of pages) {
      this.probe(page, "read", false);
      this.probe(page, this.pick(["read", "write", "fetch"] as const), this.chance(2));
    }
    if (this.freedTooEarly !== "") throw new Error(this.freedTooEarly);
    const tables = [this.upper, ...this.spaces.map(({ lower }) => lower)].map((half) => half.tableCount);
    same("free frames", framesFree(), this.freeAtStart - tables.reduce((sum, count) => sum + count));
    if (!this.chance(8)) return;
    const stale = this.machine.stale();
    if (stale.length > 0) throw new Error(`the CPU still knows ${stale.join(", ")}`);
    this.machine.flushesForget();
  }

  private perform(kind: Kind, asked: Asked): boolean {
    if (kind === "map") return this.map(asked);
    if (kind === "unmap") return this.unmap(asked);
    if (kind === "protect") return this.protect(asked);
    if (kind === "split") return this.split(asked);
    if (kind === "join") return this.join(asked);
    return this.look(asked);
  }

  private map(asked: Asked): boolean {
    const { level, va, count, frame, flags } = asked;
    const { root } = this.space;
    const page = va as Page;
    const way = count === 1 && level === 1 ? this.below(3) : level === 1 ? 1 + this.below(2) : 2 + this.below(2);
    if (way === 3) return this.mapLargest(asked);
    let status: number;
    if (way === 0) status = mapPage(root, page, frame as Frame, flags);
    else if (way === 1) status = mapRange(root, page, frame as Frame, count, flags);
    else status = mapPages(root, page, frame as Frame, count, flags, level);
    const leaves: Placed[] = [];
    const wrong = [...rangeWrong(va, count, level), ...frameWrong(frame, count, level), ...flagsWrong(va, flags)];
    if (wrong.length === 0) {
      for (let at = 0; at < count * PAGES[level]!; at += PAGES[level]!) {
        leaves.push(leafOf(pageNumber(va) + at, frame + at, level, flags));
      }
    }
    return this.mapped(status, wrong, leaves);
  }

  private mapLargest({ level, va, count: entries, frame, flags }: Asked): boolean {
    const isStep = (pageNumber(va) ^ frame) % PAGES[2] === 0; // otherwise all of it is small pages
    const count = isStep || entries > 2 ** 20 ? Math.min(entries * PAGES[level]!, 2 ** 52) : Math.min(entries, 700);
    const top = 2 + this.below(2);
    const status = mapLargest(this.space.root, va as Page, frame as Frame, count, flags, top);
    const wrong = [...rangeWrong(va, count, 1), ...frameWrong(frame, count, 1), ...flagsWrong(va, flags)];
    const leaves: Placed[] = [];
    for (let done = 0; wrong.length === 0 && done < count; done += PAGES[leaves.at(-1)!.level]!) {
      const start = pageNumber(va) + done;
      const isAligned = (pages: number): boolean => start % pages === 0 && (frame + done) % pages === 0;
      const fits = (size: number): boolean => isAligned(PAGES[size]!) && count - done >= PAGES[size]!;
      leaves.push(leafOf(start, frame + done, [3, 2, 1].find((size) => size <= top && fits(size))!, flags));
    }
    return this.mapped(status, wrong, leaves);
  }

  private mapped(status: number, wrong: number[], leaves: Placed[]): boolean {
    for (const { start, level, pte } of leaves) {
      const half = this.half(start);
      if ((half.kindAt(start) ?? pte & USER) !== (pte & USER)) wrong.push(is.WRONG_HALF);
      if (!half.isEmpty(start, level)) wrong.push(is.ALREADY_MAPPED);
    }
    if (!settled(status, wrong)) return false;
    for (const leaf of leaves) {
      this.half(leaf.start).add(leaf.start, leaf);
      this.done.sizes[leaf.level] = (this.done.sizes[leaf.level] ?? 0) + 1;
    }
    return true;
  }

  private unmap({ va, count }: Asked): boolean {
    const owed = count === 1 && this.chance(2) ? unmapPage(this.space.root, va as Page)
      : unmapRange(this.space.root, va as Page, count);
    const status = this.settle(owed);
    const wrong = rangeWrong(va, count, 1);
    const start = pageNumber(va);
    if (wrong.length === 0 && this.half(start).range(start, count) === undefined) wrong.push(is.NOT_MAPPED);
    if (!settled(status, wrong)) return false;
    for (const leaf of this.cutOut(start, count)) this.half(start).take(leaf.start, leaf);
    return true;
  }

  private protect({ va, count, flags }: Asked): boolean {
    const owed = count === 1 && this.chance(2) ? protectPage(this.space.root, va as Page, flags)
      : protectRange(this.space.root, va as Page, count, flags);
    const status = this.settle(owed);
    const wrong = [...rangeWrong(va, count, 1), ...flagsWrong(va, flags)];
    const start = pageNumber(va);
    const leaves = wrong.length === 0 ? this.half(start).range(start, count) : [];
    if (leaves === undefined) wrong.push(is.NOT_MAPPED);
    if (leaves?.some(({ pte }) => (pte & USER) !== (flags & USER)) === true) wrong.push(is.WRONG_HALF);
    if (!settled(status, wrong)) return false;
    for (const { start: at, level, pte } of this.cutOut(start, count)) {
      this.half(start).leaves.set(at, { level, pte: (pte & (FRAME | HUGE | 1n)) | flags });
    }
    return true;
  }

  private split({ va }: Asked): boolean {
    const page = va & ~0xfffn;
    const status = this.settle(splitPage(this.space.root, page as Page));
    const wrong = isCanonical(page) ? [] : [is.NOT_CANONICAL];
    const leaf = wrong.length > 0 ? undefined : this.half(pageNumber(page)).find(pageNumber(page));
    if (wrong.length === 0 && leaf === undefined) wrong.push(is.NOT_MAPPED);
    if (!settled(status, wrong)) return false;
    if (leaf!.level === 1) return true;
    this.half(leaf!.start).split(leaf!);
    this.lastSplit = leaf!.start;
    return true;
  }

  private join({ va, level }: Asked): boolean {
    const size = Math.max(level, 2);
    const status = this.settle(joinPages(this.space.root, va as Page, size));
    const wrong: number[] = [];
    if (va % (addressOf(PAGES[size]!)) !== 0n) wrong.push(is.MISALIGNED);
    if (!isCanonical(va)) wrong.push(is.NOT_CANONICAL);
    if (wrong.length > 0) return settled(status, wrong);
    const start = pageNumber(va);
    const half = this.half(start);
    const smaller = PAGES[size - 1]!;
    const parts = Array.from({ length: 512 }, (_, i) => half.leaves.get(start + i * smaller));
    const first = parts[0];
    const isNext = (part: Leaf | undefined, i: number): boolean =>
      part?.level === size - 1 && part.pte === first!.pte + addressOf(i * smaller);
    const joins = first !== undefined && (first.pte & FRAME) % addressOf(PAGES[size]!) === 0n && parts.every(isNext);
    if (half.entriesIn(start, size - 1) === 0) wrong.push(is.NOT_MAPPED);
    else if (!joins) wrong.push(is.NOT_JOINABLE);
    if (!settled(status, wrong)) return false;
    parts.forEach((part, i) => half.take(start + i * smaller, part!));
    half.add(start, { level: size, pte: first!.pte | HUGE });
    return true;
  }

  private look({ va }: Asked): boolean {
    const { root } = this.space;
    const leaf = isCanonical(va) ? this.half(pageNumber(va)).find(pageNumber(va)) : undefined;
    const found = translate(root, va as VirtAddr);
    const rights = translateRights(root, va as VirtAddr);
    if (leaf === undefined) {
      same("translate", found, NO_PHYS);
      same("rights", rights, 0n);
      return false;
    }
    translate(root, va as VirtAddr);
    same("translate", found, (leaf.pte & FRAME) + (va - addressOf(leaf.start)));
    same("the level", entryStop(), leaf.level);
    same("rights", rights, leaf.pte & (1n | WRITABLE | USER | NO_EXECUTE));
    return true;
  }

  // ---- what is asked for ----
  private ask(kind: Kind): Asked {
    const level = kind === "map" || kind === "join" ? this.pick([1, 1, 1, 2, 2, 3] as const) : 1;
    let start = this.place(level);
    const isThere = (): boolean => kind === "map" || this.half(start).find(start) !== undefined;
    for (let i = 0; i < 5 && !isThere(); i++) start = this.place(level);
    if (kind === "join" && !this.chance(4)) start = this.lastSplit - (this.lastSplit % PAGES[Math.max(level, 2)]!);
    const leaf = kind === "map" ? undefined : this.half(start).find(start);
    const kindHere = start < HALF_PAGES ? (this.half(start).kindAt(start) ?? this.flag(USER)) : 0n;
    const asked: Asked = {
      level, va: addressOf(start), count: this.count(level, leaf), flags: this.flags(start, kindHere),
      frame: this.below(FRAMES_LIMIT / PAGES[level]! - 2048) * PAGES[level]!,
    };
    // As far from a large page's boundary as the page is: mapLargest finds some.
    if (level === 1 && this.chance(2)) asked.frame += start % PAGES[2] - (asked.frame % PAGES[2]);
    if (asked.frame < 0) asked.frame += PAGES[2];
    return this.chance(8) ? this.hostile(asked) : asked;
  }

  private hostile(asked: Asked): Asked {
    switch (this.below(9)) {
      case 0:
        return { ...asked, va: asked.va + BigInt(1 + this.below(4095)) };
      case 1:
        return { ...asked, va: asked.va ^ this.pick([1n << 47n, 1n << 48n, 1n << 63n, 0xffff_0000_0000_0000n]) };
      case 2:
        return { ...asked, count: this.pick([0, -1, HALF_PAGES + 1, 2 ** 40, 2 ** 52]) };
      case 3: // up to the end of the half, and one more
        return { ...asked, count: Math.floor(leftInHalf(asked.va) / PAGES[asked.level]!) + 1 };
      case 4:
        return { ...asked, frame: this.pick([-1, FRAMES_LIMIT - 1, FRAMES_LIMIT, asked.frame + 1] as const) };
      case 5:
        return { ...asked, flags: asked.flags | this.pick([1n, HUGE, 0x20n, 0x40n, 0x200n, 1n << 52n, 1n << 62n]) };
      case 6:
        return { ...asked, flags: (asked.flags | WRITABLE) & ~NO_EXECUTE };
      case 7:
        return { ...asked, flags: asked.flags ^ USER };
      default: // one entry of a larger size to the side: misaligned for it
        return { ...asked, va: BigInt.asUintN(64, asked.va + 0x1000n) };
    }
  }

  /** A page near the boundaries of a window. */
  private place(level: number): number {
    const window = WINDOWS[this.below(WINDOWS.length)]!;
    const gib = this.below(3) * PAGES[3];
    if (level === 3) return window + gib;
    const mib = this.pick(ENTRIES) * PAGES[2];
    return window + gib + mib + (level === 2 || this.chance(4) ? 0 : this.pick(ENTRIES));
  }
  private count(level: number, leaf: Placed | undefined): number {
    if (leaf !== undefined && this.chance(3)) return PAGES[leaf.level]!;
    if (level === 3) return 1 + this.below(2);
    return this.chance(24) ? 1 + this.below(1100) : 1 + this.below(this.pick([1, 4, 40] as const));
  }
  private flags(start: number, kind: bigint): bigint {
    const rights = this.pick([WRITABLE | NO_EXECUTE, WRITABLE | NO_EXECUTE, NO_EXECUTE, 0n]);
    // A page of one space alone is never global: the CPU would know it in the other.
    return rights | kind | (start >= HALF_PAGES ? this.flag(GLOBAL) : 0n) | (this.chance(8) ? CACHE : 0n);
  }

  // ---- batches: what is owed is paid at the end, and until then the CPU may know the old or the new ----
  private batchBegin(): void {
    this.batch = 2 + this.below(5);
    this.watched = Array.from({ length: 8 }, () => ({ page: this.place(1), seen: new Set<string>() }));
    this.batchSee();
  }
  private batchGoOn(): void {
    this.batchSee();
    for (const { page, seen } of this.watched) {
      const found = this.access(page, "read", false);
      if (!seen.has(found)) throw new Error(`page ${page.toString(16)}: ${found}, and was ${[...seen].join(", ")}`);
    }
    this.batch--;
    if (this.batch > 0) return;
    flushPay();
    this.agree(this.watched.map(({ page }) => page));
  }
  private batchSee(): void {
    for (const { page, seen } of this.watched) {
      seen.add(this.allowed(page, "read", false));
      this.access(page, "read", false);
    }
  }
  private settle(owed: is.Owed): number {
    return this.batch > 0 ? flushLater(owed) : flushNow(owed);
  }
  private batchEnd(): void {
    if (this.batch > 0) flushPay();
    this.batch = 0;
  }

  // ---- the CPU ----
  private enter(space: Space): void {
    this.batchEnd();
    this.current = space;
    writeCr3(frameAddr(space.root));
  }
  private probe(page: number, access: keyof typeof ACCESSES, ring3: boolean): void {
    same(`${access} at page ${page.toString(16)}`, this.access(page, access, ring3), this.allowed(page, access, ring3));
  }
  private access(page: number, access: keyof typeof ACCESSES, ring3: boolean): string {
    try {
      return this.machine.probe(addressOf(page), access, ring3).toString(16);
    } catch (fault) {
      if (!(fault instanceof PageFault)) throw fault;
      return "a fault";
    }
  }
  private allowed(page: number, access: keyof typeof ACCESSES, ring3: boolean): string {
    const leaf = (page < HALF_PAGES ? this.current.lower : this.upper).find(page);
    const { cr0, cr4 } = this.machine.cpu;
    const mode = ((cr0 >> 16n) & 1n ? MODE.WP : 0) | ((cr4 >> 20n) & 1n ? MODE.SMEP : 0) |
      ((cr4 >> 21n) & 1n ? MODE.SMAP : 0) | (ring3 ? MODE.RING3 : 0);
    if (leaf === undefined || !isAllowed(leaf.pte, ACCESSES[access], mode)) return "a fault";
    return ((leaf.pte & FRAME) + addressOf(page - leaf.start)).toString(16);
  }
  /** Pages at the ends of what is asked for, inside and outside. */
  private edges({ va, count, level }: Asked): number[] {
    const start = pageNumber(va & ~0xfffn);
    const pages = Math.min(Math.max(count, 1), 2 ** 20) * PAGES[level]!;
    const all = [start, start - 1, start + pages - 1, start + pages, start + this.below(pages)];
    return all.filter((page) => page >= 0 && isCanonical(BigInt.asUintN(64, addressOf(page))) && isOurs(page));
  }

  // ---- all of it ----
  get leafCount(): number {
    return this.spaces.reduce((sum, { lower }) => sum + lower.leaves.size, this.upper.leaves.size);
  }
  compareTables(): void {
    for (const { root, lower } of this.spaces) {
      const { leaves, faults } = walkNow(frameAddr(root), (table) => this.tableRead(table, frameAddr(root)), BITS);
      same("faults", faults.join(), "");
      const placed = [...lower.leaves, ...this.upper.leaves].sort(([a], [b]) => a - b);
      same("how many leaves", leaves.length, placed.length);
      placed.forEach(([start, { level, pte }], i) => {
        const leaf = leaves[i]!;
        const flags = (leaf.isGlobal ? GLOBAL : 0n) | (leaf.writable ? WRITABLE : 0n) | (leaf.user ? USER : 0n) |
          (leaf.executable ? 0n : NO_EXECUTE);
        same("leaf", leaf.va, addressOf(start));
        same("its frame", leaf.pa, pte & FRAME);
        same("its size", leaf.size, addressOf(PAGES[level]!));
        same("its flags", flags, pte & (GLOBAL | WRITABLE | USER | NO_EXECUTE));
      });
    }
  }
  /** Of the root only what is the model's: the rest is the kernel's own. */
  private tableRead(table: bigint, root: bigint): bigint[] {
    return Array.from({ length: 512 }, (_, i) => {
      const isKernels = table === root && i >= 256 && !WINDOW_SLOTS.includes(i);
      return isKernels ? 0n : this.machine.physRead64(table + BigInt(8 * i));
    });
  }

  /** Everything goes, and every table with it. */
  clear(): void {
    this.batchEnd();
    for (const space of this.spaces) {
      this.space = space;
      for (const half of [space.lower, this.upper]) {
        const placed = [...half.leaves].sort(([a], [b]) => a - b);
        for (let i = 0; i < placed.length; ) {
          const [start] = placed[i]!;
          let end = start;
          for (; i < placed.length && placed[i]![0] === end; i++) end += PAGES[placed[i]![1].level]!;
          same("unmap", flushNow(unmapRange(space.root, addressOf(start) as Page, end - start)), is.OK);
        }
        for (const [start, leaf] of placed) half.take(start, leaf);
      }
    }
    same("tables left", framesFree(), this.freeAtStart);
  }
  end(): void {
    this.enter(this.spaces[0]!);
    rootGive(this.spaces[1]!.root);
    same("frames", framesFree(), this.framesAtStart);
  }

  private half(page: number): Half {
    return page < HALF_PAGES ? this.space.lower : this.upper;
  }
  /** The leaves of exactly these pages, larger ones being cut at the ends. */
  private cutOut(start: number, count: number): Placed[] {
    const half = this.half(start);
    half.cut(start);
    half.cut(start + count);
    return half.range(start, count)!;
  }
}

/** What it should have been: OK if nothing is wrong, otherwise one of the causes. True if it was done. */
function settled(status: number, wrong: readonly number[]): boolean {
  if (wrong.length === 0 ? status === is.OK : wrong.includes(status)) return wrong.length === 0;
  throw new Error(`status ${status}, should be ${wrong.length === 0 ? "OK" : wrong.join(" or ")}`);
}
function same(what: string, found: string | number | bigint, wanted: string | number | bigint): void {
  if (found !== wanted) throw new Error(`${what}: ${found}, should be ${wanted}`);
}

function leafOf(start: number, frame: number, level: number, flags: bigint): Placed {
  return { start, level, pte: addressOf(frame) | flags | 1n | (level > 1 ? HUGE : 0n) };
}
function pageNumber(va: bigint): number {
  return Number(va >> 12n);
}
/** The model knows all that is mapped there. */
function isOurs(page: number): boolean {
  return page < HALF_PAGES || (page >= UPPER_PAGE && WINDOW_SLOTS.includes(Math.floor(page / PAGES[4]) % 512));
}
