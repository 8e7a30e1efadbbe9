/**
 * The outside walker: reads page tables as the CPU would, and shares no line with the kernel nor with the fake MMU.
 * Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging".
 */

/** A stretch of addresses that one leaf maps. */
export interface Leaf {
  va: bigint;
  pa: bigint;
  size: bigint;
  isGlobal: boolean;
  /** What the whole path allows. */
  writable: boolean;
  executable: boolean;
  user: boolean;
}

export interface Walk {
  /** Lowest address first. */
  leaves: Leaf[];
  /** The physical address of each table, as often as an entry leads to it. */
  tables: bigint[];
  /** What no entry of any kernel's tables may be, in words. */
  faults: string[];
}

/** Reads the 512 entries of the table at a physical address. */
export type TableReader = (table: bigint) => Promise<readonly bigint[]>;

const PRESENT = 1n;
const WRITABLE = 2n;
const USER = 4n;
const HUGE = 0x80n;
const GLOBAL = 0x100n;
const NO_EXECUTE = 1n << 63n;
const ADDRESS = 0x000f_ffff_ffff_f000n;

const TOP_LEVEL = 4;

type Way = Pick<Leaf, "va" | "writable" | "executable" | "user">;

/** Everything that is mapped from the table at `root`. `physicalBits` is the CPU's MAXPHYADDR. */
export async function walk(root: bigint, read: TableReader, physicalBits: number): Promise<Walk> {
  const steps = walkSteps(root, physicalBits);
  let step = steps.next();
  while (step.done !== true) step = steps.next(await read(step.value));
  return step.value;
}

/** The same for who has the tables at hand. */
export function walkNow(root: bigint, read: (table: bigint) => readonly bigint[], physicalBits: number): Walk {
  const steps = walkSteps(root, physicalBits);
  let step = steps.next();
  while (step.done !== true) step = steps.next(read(step.value));
  return step.value;
}

/** Asks for one table after the other. */
function* walkSteps(root: bigint, physicalBits: number): Generator<bigint, Walk, readonly bigint[]> {
  const found: Walk = { leaves: [], tables: [root], faults: [] };
  const known = new Set<bigint>();
  const reserved = ADDRESS & ~((1n << BigInt(physicalBits)) - 1n);
  yield* tableWalk(root, TOP_LEVEL, { va: 0n, writable: true, executable: true, user: true });
  return found;

  function* tableWalk(table: bigint, level: number, above: Way): Generator<bigint, void, readonly bigint[]> {
    const size = 1n << BigInt(12 + 9 * (level - 1));
    for (const [index, entry] of (yield table).entries()) {
      if ((entry & PRESENT) === 0n) continue;
      const here = {
        va: canonical(above.va + BigInt(index) * size),
        writable: above.writable && (entry & WRITABLE) !== 0n,
        executable: above.executable && (entry & NO_EXECUTE) === 0n,
        user: above.user && (entry & USER) !== 0n,
      };
      const isLeaf = level === 1 || (entry & HUGE) !== 0n;
      const inside = isLeaf ? (size - 1n) & ADDRESS : 0n; // address bits that a large page must not have
      const fault = (why: string) => found.faults.push(`${why}: ${hex(entry)}, level ${level}, at ${hex(here.va)}`);
      if ((entry & (reserved | inside)) !== 0n) fault("reserved bits set");
      if (isLeaf && level === TOP_LEVEL) fault("a page of level 4");
      if (level === 1 && (entry & HUGE) !== 0n) fault("PAT set");

      const target = entry & ADDRESS & ~inside;
      if (isLeaf) {
        found.leaves.push({ ...here, pa: target, size, isGlobal: (entry & GLOBAL) !== 0n });
      } else {
        found.tables.push(target);
        if (known.has(target)) continue;
        known.add(target);
        yield* tableWalk(target, level - 1, here);
      }
    }
  }
}

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function canonical(va: bigint): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(48, va));
}
