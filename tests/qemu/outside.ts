/**
 * A scenario that is looked at from outside: where the kernel waits (`hold=yes`, tests/qemu/kernel/mappings.ts) it has
 * said what it believes to be mapped; the outside walker reads the tables through QEMU, and both must be the same.
 */
import { walk, type Leaf, hex } from "../walker.ts";
import { type Boot, bootToEnd, type Ended } from "./machine.ts";
import { Monitor } from "./monitor.ts";

const PHYSICAL_BITS = 40; // what QEMU's emulation has, whatever its CPU is called
const HELD = "scenario: held\n";
const LOWER_END = 0x8000_0000_0000n;

export interface Looked extends Ended {
  /** How many roots were walked, and what of them differed. */
  readonly roots: number;
  readonly mapped: number;
  readonly differences: string[];
}

/** As bootToEnd, with a look wherever the kernel waits for one. */
export async function bootAndLook(boot: Boot, seconds = 30): Promise<Looked> {
  const monitor = new Monitor();
  const differences: string[] = [];
  let roots = 0;
  let mapped = 0;
  const look = async (said: string): Promise<void> => {
    await monitor.connect();
    const current = await monitor.stop();
    const lists = listsOf(said);
    if (lists.at(-1)?.root !== current) differences.push(`CR3 is ${hex(current)}`);
    for (const { root, lines, isWhole } of lists) {
      const { leaves, faults } = await walk(root, (table) => monitor.table(table), PHYSICAL_BITS);
      const seen = linesOf(isWhole ? leaves : leaves.filter(({ va, user }) => va < LOWER_END && user));
      const programs = isWhole ? lines : lines.filter((line) => line.endsWith("u"));
      differences.push(...faults, ...differencesOf(programs, seen).map((line) => `root ${hex(root)}: ${line}`));
      roots++;
      mapped += leaves.length;
    }
    await monitor.goOn();
  };
  try {
    const options = `${boot.options ?? ""} hold=yes`;
    const ended = await bootToEnd({ ...boot, options, flags: [...monitor.flags, ...(boot.flags ?? [])] }, seconds, {
      words: HELD, look,
    });
    return { ...ended, roots, mapped, differences };
  } finally {
    monitor.close();
  }
}

interface List {
  readonly root: bigint;
  readonly lines: string[];
  /** The last list is that of the root in CR3, with the kernel's half. */
  readonly isWhole: boolean;
}

/** What the kernel has said since it waited last. */
function listsOf(said: string): List[] {
  const parts = said.split(/^scenario: mappings root=p/m).slice(1);
  return parts.map((part, i) => {
    const lines = [...part.matchAll(/^mapped (.*)$/gm)].map(([, line]) => line!);
    return { root: BigInt(part.slice(0, part.indexOf("\n"))), lines, isWhole: i === parts.length - 1 };
  });
}

/** Runs of like leaves, written as the kernel writes them. */
function linesOf(leaves: readonly Leaf[]): string[] {
  const runs: { first: Leaf; pages: bigint }[] = [];
  for (const leaf of leaves) {
    const run = runs.at(-1);
    if (run !== undefined && isNext(run.first, run.pages, leaf)) run.pages++;
    else runs.push({ first: leaf, pages: 1n });
  }
  return runs.map(({ first: { va, pa, size, writable, executable, user }, pages }) => {
    const level = [4096n, 0x20_0000n, 0x4000_0000n].indexOf(size) + 1;
    const rights = `r${writable ? "w" : "-"}${executable ? "x" : "-"}${user ? "u" : "-"}`;
    return `v${hex(va)} p${hex(pa)} level=${level} pages=${pages} ${rights}`;
  });
}

function isNext(first: Leaf, pages: bigint, leaf: Leaf): boolean {
  const done = pages * first.size;
  return leaf.size === first.size && leaf.va === first.va + done && leaf.pa === first.pa + done &&
    leaf.writable === first.writable && leaf.executable === first.executable && leaf.user === first.user &&
    (leaf.va < LOWER_END) === (first.va < LOWER_END);
}

function differencesOf(said: readonly string[], seen: readonly string[]): string[] {
  const kernel = said.filter((line) => !seen.includes(line)).map((line) => `only the kernel has ${line}`);
  return [...kernel, ...seen.filter((line) => !said.includes(line)).map((line) => `only the walker has ${line}`)];
}
