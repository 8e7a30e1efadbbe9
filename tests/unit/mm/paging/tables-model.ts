/** What page tables must hold, written down without tables: leaves by their first page, and how many each table has. */

/** Entries are compared without the bits that the CPU sets by itself. */
export interface Leaf {
  readonly level: number;
  readonly pte: bigint;
}
/** Where it begins: the number of its first page, address / 4096. */
export type Placed = Leaf & { readonly start: number };

/** Pages of 4 KiB that an entry of a level maps. */
export const PAGES = [0, 1, 512, 512 ** 2, 512 ** 3] as const;
export const FRAME = 0x000f_ffff_ffff_f000n;
export const HUGE = 0x80n;
export const WRITABLE = 2n;
export const USER = 4n;
export const CACHE = 0x18n;
export const GLOBAL = 0x100n;
export const NO_EXECUTE = 1n << 63n;

const LOWER_PAGES = 2 ** 35;

export function addressOf(page: number): bigint {
  return BigInt(page) << 12n;
}

/** One half of one address space; two spaces have the upper one in common. */
export class Half {
  readonly leaves = new Map<number, Leaf>();
  /** By level, and then by the entries of the level above: how many entries a table has. */
  private readonly tables = [1, 2, 3].map(() => new Map<number, number>());
  /** By slot of 512 GiB: USER or 0, as its first mapping was. */
  private readonly kinds = new Map<number, bigint>();

  find(page: number): Placed | undefined {
    for (let level = 1; level <= 3; level++) {
      const start = page - (page % PAGES[level]!);
      const leaf = this.leaves.get(start);
      if (leaf !== undefined && PAGES[leaf.level]! > page - start) return { ...leaf, start };
    }
    return undefined;
  }

  /** Nothing is mapped in, over or under the entry of `level` for `page`. */
  isEmpty(page: number, level: number): boolean {
    return this.find(page) === undefined && (level === 1 || this.entriesIn(page, level - 1) === 0);
  }
  /** Entries of the table of `level` for `page`. */
  entriesIn(page: number, level: number): number {
    return this.tables[level - 1]!.get(Math.floor(page / PAGES[level + 1]!)) ?? 0;
  }
  /** Tables under the root; those of level 3 in the upper half are there for good and do not count. */
  get tableCount(): number {
    const [first, second, third] = this.tables.map((map) => map.size) as [number, number, number];
    const lower = [...this.tables[2]!.keys()].every((key) => key < LOWER_PAGES / PAGES[4]);
    return first + second + (lower ? third : 0);
  }

  add(start: number, leaf: Leaf): void {
    this.leaves.set(start, leaf);
    for (let level = leaf.level; level <= 3; level++) {
      const before = this.entriesIn(start, level);
      this.tables[level - 1]!.set(Math.floor(start / PAGES[level + 1]!), before + 1);
      if (before > 0) return;
    }
    this.kinds.set(Math.floor(start / PAGES[4]), leaf.pte & USER);
  }
  take(start: number, { level: first }: Leaf): void {
    this.leaves.delete(start);
    for (let level = first; level <= 3; level++) {
      const key = Math.floor(start / PAGES[level + 1]!);
      const left = this.entriesIn(start, level) - 1;
      if (left > 0) {
        this.tables[level - 1]!.set(key, left);
        return;
      }
      this.tables[level - 1]!.delete(key);
    }
    this.kinds.delete(Math.floor(start / PAGES[4]));
  }
  /** Whose the slot of `page` is: USER, 0, or nobody's yet. */
  kindAt(page: number): bigint | undefined {
    return this.kinds.get(Math.floor(page / PAGES[4]));
  }

  split({ start, level, pte }: Placed): void {
    this.take(start, { level, pte });
    const smaller = level === 2 ? pte & ~HUGE : pte;
    for (let i = 0; i < 512; i++) {
      const at = i * PAGES[level - 1]!;
      this.add(start + at, { level: level - 1, pte: smaller + addressOf(at) });
    }
  }
  /** No leaf reaches over `page` from below. */
  cut(page: number): void {
    let leaf = this.find(page);
    while (leaf !== undefined && leaf.start !== page) {
      this.split(leaf);
      leaf = this.find(page);
    }
  }
  /** The leaves of these pages, which are all mapped, or undefined if one is not. */
  range(page: number, count: number): Placed[] | undefined {
    const found: Placed[] = [];
    for (let at = page; at < page + count; ) {
      const leaf = this.find(at);
      if (leaf === undefined) return undefined;
      found.push(leaf);
      at = leaf.start + PAGES[leaf.level]!;
    }
    return found;
  }
}
