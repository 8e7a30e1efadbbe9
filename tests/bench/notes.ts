/** What the disassembly of rows that cost more than C's shows. A row without a note here is still to be looked at. */
import type { Comparison } from "./compiler.ts";
import { TOLERANCE } from "./figures.ts";
import type { Pair } from "./measure.ts";

const NOTES: Readonly<Record<string, string>> = {
  "bitmap: long scan":
    "the loop is the same bytes on both sides. It reads 32 KiB, all that a first-level cache holds, and on a busy " +
    "machine its time varies by half from one layout to the next, on either side.",
  "pages: unmap":
    "both sides look for an entry in use by the same loop, four loads a turn, and take equally many instructions. " +
    "From one layout of the code to the next the ratio of times goes from 0.89 to 1.25.",
  unpack:
    "equally many instructions on both sides (ratio 0.99 to 1.00). From one layout of the code to the next the " +
    "ratio of times goes from 0.89 to 1.11.",
  "tree: find":
    "the same instructions in the same order; plain -O2 gives `setbe` %cl here and %al in C. It writes one byte " +
    "and waits for the rest of its register: %rcx still holds the last search's, %rax was written by the caller " +
    "in between. So C's searches overlap and these wait for each other (a caller that writes %rcx too makes it " +
    "1.0). Nothing in the TypeScript chooses the register. The kernel's flags: no difference.",
};

const UNKNOWN = "not explained yet: objdump -d build/bench/kernel/bench0 shows ts_NAME and c_NAME";
const WIDTH = 80;

/** A note for each workload that with any of the flags is above the goal, in time or in instructions. */
export function notesOf(comparisons: readonly Comparison[]): string[] {
  const names = comparisons.flatMap(({ times, instructions }) => {
    return times.flatMap(({ name, time }) => (isAbove(time) || isAbove(instructions?.get(name)) ? [name] : []));
  });
  return [...new Set(names)].flatMap((name) => ["", ...wrapped(`${name}: ${NOTES[name] ?? UNKNOWN}`)]);
}

function isAbove(pair: Pair | undefined): boolean {
  return pair !== undefined && pair.ts / pair.c > 1 + TOLERANCE;
}

function wrapped(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line.length + 1 + word.length > WIDTH) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
