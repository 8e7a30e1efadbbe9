/**
 * The fake machine's MMU: it walks the tables that the kernel wrote into RAM, and remembers, as a real one does.
 *
 * Its TLB never forgets by itself: an entry stays until invalidatePage, a CR3 load (global entries survive that) or a
 * change of CR4.PGE drops it, so a flush that the kernel owes and does not pay is seen by the next access. Upper
 * entries are remembered too (Intel SDM vol. 3A, "Paging-Structure Caches").
 *
 * While CR3 is 0 the boot tables are live: physical 0..4 GiB at 0 and at DIRECT_MAP, the image at IMAGE_MAP without its
 * stack guards. The slot of the frame table is walked as always, from a root at physical 0: the kernel fills it in
 * early.
 */
import { CR0_WP, CR4_PGE, CR4_SMAP, CR4_SMEP, cpu, EFER, EFER_NXE } from "./cpu.ts";
import type { Access } from "./faults.ts";
import { BusError, FAULT_I, FAULT_P, FAULT_RSVD, FAULT_U, FAULT_W, GeneralProtection, PageFault } from "./faults.ts";
import { imageHas } from "./image.ts";
import { ramRead32, ramWrite32 } from "./ram.ts";

/** What a walk found, or what a table entry adds up to on the way. */
interface Translation {
  /** Physical address of the page's first byte, or of the next table. */
  readonly base: number;
  readonly writable: boolean;
  readonly user: boolean;
  readonly noExecute: boolean;
  readonly global: boolean;
  /** 1, 2 or 3: a page of 4 KiB, 2 MiB or 1 GiB. */
  readonly level: number;
  dirty: boolean;
}

const WINDOW_SLOT = 0xffff_c000_0000_0000n >> 39n;
const FOUR_GIB = 2 ** 32;
const PAGES_PER = [0, 1, 512, 512 ** 2, 512 ** 3]; // pages below one entry of level 1..4
const DIRECT_PAGE = 0xffff_8000_0000_0; // page numbers: addresses / 4096
const IMAGE_PAGE = 0xffff_ffff_8000_0;

/** By level: page number / PAGES_PER[level] -> what was found there. */
const tlb = [1, 2, 3].map(() => new Map<number, Translation>());
const upper = [2, 3, 4].map(() => new Map<number, Translation>());

// The pages used last, by the low bits of their number: only an accelerator, emptied at every flush.
const HOT = 1024;
const hotPage = new Float64Array(HOT).fill(-1);
const hotPhys = new Float64Array(HOT);
const hotWritable = new Uint8Array(HOT);

const word = new BigUint64Array(1);
const halves = new Uint32Array(word.buffer);

let handler: ((va: bigint, error: number) => boolean) | null = null;

export function mmuReset(): void {
  for (const map of [...tlb, ...upper]) map.clear();
  hotPage.fill(-1);
  handler = null;
}

/** Who repairs page faults: answers true when the access may be tried again. Without one, a fault is thrown. */
export function faultHandler(repair: ((va: bigint, error: number) => boolean) | null): void {
  handler = repair;
}

/** Physical address of the byte at `va`, for a supervisor's access. */
export function locate(va: bigint, access: Access): number {
  word[0] = va;
  const low = halves[0]!;
  const page = halves[1]! * 0x10_0000 + (low >>> 12);
  const hot = (low >>> 12) & (HOT - 1);
  if (hotPage[hot] === page && (access === "read" || (access === "write" && hotWritable[hot] === 1))) {
    return hotPhys[hot]! + (low & 0xfff);
  }
  return locateSlowly(va, page, access) + (low & 0xfff);
}

/** The same for code in ring 3, or an instruction fetch in either ring; throws PageFault like an access. */
export function probe(va: bigint, access: Access, user: boolean): number {
  word[0] = va;
  const offset = halves[0]! & 0xfff;
  return framePhys(va, halves[1]! * 0x10_0000 + (halves[0]! >>> 12), access, user) + offset;
}

/** `stac` and `clac`. */
export function userAccessSet(open: boolean): void {
  cpu.userAccess = open;
  hotPage.fill(-1); // it remembers what was allowed
}

/** What `invlpg` drops: the page's entries, global or not, and every upper entry. */
export function tlbDropPage(va: bigint): void {
  word[0] = va;
  const page = halves[1]! * 0x10_0000 + (halves[0]! >>> 12);
  tlbForget(page);
  for (const map of upper) map.clear();
  hotPage.fill(-1);
  speculate(va, page);
}

/** What a CR3 load drops, or with `globals` everything. */
export function tlbDropAll(globals: boolean): void {
  for (const map of tlb) {
    for (const [key, entry] of map) if (globals || !entry.global) map.delete(key);
  }
  for (const map of upper) map.clear();
  hotPage.fill(-1);
}

/**
 * What the TLB remembers and the tables no longer say: translations, and ways to tables. Between operations there is
 * none, for whoever changes an entry flushes it.
 */
export function tlbStale(): string[] {
  const stale: string[] = [];
  const compare = (map: Map<number, Translation>, level: number, isPage: boolean, what: string): void => {
    for (const [key, known] of map) {
      const now = tablesSay(key * PAGES_PER[level]!, level, isPage);
      if (now !== null && sameWay(known, now)) continue;
      stale.push(`${what} of level ${level} for page 0x${(key * PAGES_PER[level]!).toString(16)}`);
    }
  };
  tlb.forEach((map, i) => compare(map, i + 1, true, "a page"));
  upper.forEach((map, i) => compare(map, i + 2, false, "the way to a table"));
  return cpu.cr3 === 0n ? [] : stale;
}

/** Physical addresses of the tables that the CPU may still walk through without looking. */
export function tlbTables(): number[] {
  return upper.flatMap((map) => [...map.values()].map(({ base }) => base));
}

/** The page, or table, that a walk from CR3 finds at `level`, with nothing remembered and nothing marked; or null. */
function tablesSay(page: number, level: number, isPage: boolean): Translation | null {
  let at = rootOf();
  for (let here = 4; here >= level; here--) {
    const entryAt = at.base + (Math.floor(page / PAGES_PER[here]!) % 512) * 8;
    const next = entryRead(entryAt, at, here);
    if (typeof next === "string" || isLeaf(entryAt, here) !== (isPage && here === level)) return null;
    at = next;
  }
  return at;
}

function sameWay(a: Translation, b: Translation): boolean {
  return a.base === b.base && a.writable === b.writable && a.user === b.user && a.noExecute === b.noExecute &&
    a.global === b.global;
}

function locateSlowly(va: bigint, page: number, access: Access): number {
  if (BigInt.asUintN(64, va) !== va) throw new RangeError(`an address outside 64 bits: ${va}`);
  for (let attempt = 1; ; attempt++) {
    try {
      const base = framePhys(va, page, access, false);
      hotKeep(page, base, access);
      return base;
    } catch (fault) {
      if (!(fault instanceof PageFault) || handler === null || attempt === 4) throw fault;
      if (!handler(va, fault.error)) throw fault;
    }
  }
}

function hotKeep(page: number, base: number, access: Access): void {
  const hot = page % HOT;
  hotPage[hot] = page;
  hotPhys[hot] = base;
  hotWritable[hot] = access === "write" ? 1 : 0;
}

/** Physical address of the 4 KiB that hold `va`. */
function framePhys(va: bigint, page: number, access: Access, user: boolean): number {
  const top = va >> 47n;
  if (top !== 0n && top !== 0x1_ffffn) throw new GeneralProtection(`not canonical: 0x${va.toString(16)}`);
  if (cpu.cr3 === 0n && va >> 39n !== WINDOW_SLOT) return bootPhys(va, page, access, user);

  const entry = tlbFind(page) ?? walk(va, page, access, user);
  if (!isAllowed(entry, access, user)) {
    tlbDropPage(va); // the fault itself drops what it stood on ("Details of TLB Use")
    throw fault(va, access, user, FAULT_P);
  }
  if (access === "write" && !entry.dirty) {
    // The dirty bit is set in memory by a walk of its own; a stale translation is found out here, as on the real
    // machine.
    tlbForget(page);
    const fresh = walk(va, page, access, user);
    if (!isAllowed(fresh, access, user)) throw fault(va, access, user, FAULT_P);
    return physIn(fresh, page);
  }
  return physIn(entry, page);
}

function physIn(entry: Translation, page: number): number {
  return entry.base + (page % PAGES_PER[entry.level]!) * 4096;
}

function bootPhys(va: bigint, page: number, access: Access, user: boolean): number {
  const pages = FOUR_GIB / 4096;
  if (user) throw fault(va, access, user, FAULT_P);
  if (page < pages) return page * 4096;
  if (page >= DIRECT_PAGE && page < DIRECT_PAGE + pages) return (page - DIRECT_PAGE) * 4096;
  if (page >= IMAGE_PAGE && imageHas((page - IMAGE_PAGE) * 4096)) return (page - IMAGE_PAGE) * 4096;
  throw fault(va, access, user, 0);
}

/** A CPU may walk at any moment, for an address that nobody touches: here at once after each flush. */
function speculate(va: bigint, page: number): void {
  const top = va >> 47n;
  if (cpu.cr3 === 0n || (top !== 0n && top !== 0x1_ffffn)) return;
  const before = cpu.cr2;
  try {
    walk(va, page, "read", false);
  } catch (refusal) {
    if (!(refusal instanceof PageFault || refusal instanceof BusError)) throw refusal;
    cpu.cr2 = before; // nobody learns of it
  }
}

function tlbForget(page: number): void {
  tlb.forEach((map, i) => map.delete(Math.floor(page / PAGES_PER[i + 1]!)));
}

function tlbFind(page: number): Translation | undefined {
  return tlb[0]!.get(page) ?? tlb[1]!.get(Math.floor(page / 512)) ?? tlb[2]!.get(Math.floor(page / 512 ** 2));
}

/** From the lowest remembered table down; sets accessed bits and, for a permitted write, the leaf's dirty bit. */
function walk(va: bigint, page: number, access: Access, user: boolean): Translation {
  let at = rootOf();
  for (let level = 2; level <= 4; level++) {
    const known = upper[level - 2]!.get(Math.floor(page / PAGES_PER[level]!));
    if (known !== undefined) {
      at = known;
      break;
    }
  }
  for (let level = at.level - 1; ; level--) {
    const entryAt = at.base + (Math.floor(page / PAGES_PER[level]!) % 512) * 8;
    const next = step(va, entryAt, at, level, access, user);
    const key = Math.floor(page / PAGES_PER[level]!);
    if (isLeaf(entryAt, level)) {
      if (access === "write" && isAllowed(next, access, user)) {
        ramWrite32(entryAt, ramRead32(entryAt) | 0x40);
        next.dirty = true;
      }
      tlb[level - 1]!.set(key, next);
      return next;
    }
    upper[level - 2]!.set(key, next);
    at = next;
  }
}

function rootOf(): Translation {
  return {
    base: Number(cpu.cr3 & 0x000f_ffff_ffff_f000n),
    writable: true, user: true, noExecute: false, global: false, level: 5, dirty: false,
  };
}

/** Reads one entry; it must be present, with no reserved bit set; A is set. */
function step(
  va: bigint, entryAt: number, above: Translation, level: number, access: Access, user: boolean,
): Translation {
  const next = entryRead(entryAt, above, level);
  if (next === "absent") throw fault(va, access, user, 0);
  if (next === "reserved") throw fault(va, access, user, FAULT_P | FAULT_RSVD);
  ramWrite32(entryAt, ramRead32(entryAt) | 0x20);
  return next;
}

/** What the entry of a table adds up to with what is above it (Intel SDM vol. 3A, "4-Level Paging"). */
function entryRead(entryAt: number, above: Translation, level: number): Translation | "absent" | "reserved" {
  const low = ramRead32(entryAt);
  const high = ramRead32(entryAt + 4);
  if ((low & 1) === 0) return "absent";

  const leaf = isLeaf(entryAt, level);
  const patBit = leaf && level > 1 ? 0x1000 : 0;
  const base = (high & 0xf_ffff) * FOUR_GIB + ((low & 0xffff_f000 & ~patBit) >>> 0);
  const misplaced = leaf && base % (PAGES_PER[level]! * 4096) !== 0;
  const badSize = (low & 0x80) !== 0 && (level === 4 || (level === 3 && !cpu.features.gigabytePages));
  const noExecute = high >>> 31 === 1;
  const badNoExecute = noExecute && ((cpu.msrs.get(EFER) ?? 0n) & EFER_NXE) === 0n;
  if (misplaced || badSize || badNoExecute || base >= 2 ** cpu.features.physicalBits) return "reserved";
  return {
    base,
    writable: above.writable && (low & 2) !== 0,
    user: above.user && (low & 4) !== 0,
    noExecute: above.noExecute || noExecute,
    global: leaf && (low & 0x100) !== 0 && (cpu.cr4 & CR4_PGE) !== 0n,
    level,
    dirty: leaf && (low & 0x40) !== 0,
  };
}

function isLeaf(entryAt: number, level: number): boolean {
  return level === 1 || (level < 4 && (ramRead32(entryAt) & 0x80) !== 0);
}

/** Intel SDM vol. 3A, "Determination of Access Rights". */
function isAllowed(entry: Translation, access: Access, user: boolean): boolean {
  if (user) {
    if (!entry.user) return false;
    return access === "write" ? entry.writable : access === "read" || !entry.noExecute;
  }
  if (access === "fetch") return !entry.noExecute && !(entry.user && (cpu.cr4 & CR4_SMEP) !== 0n);
  if (entry.user && (cpu.cr4 & CR4_SMAP) !== 0n && !cpu.userAccess) return false;
  return access === "read" || entry.writable || (cpu.cr0 & CR0_WP) === 0n;
}

function fault(va: bigint, access: Access, user: boolean, cause: number): PageFault {
  const code = cause | (access === "write" ? FAULT_W : 0) | (access === "fetch" ? FAULT_I : 0) | (user ? FAULT_U : 0);
  cpu.cr2 = va;
  return new PageFault(va, access, code);
}
