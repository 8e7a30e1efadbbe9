/** What the disassembly of rows that cost more than C's shows. A row without a note here is still to be looked at. */
import type { Comparison } from "./compiler.ts";
import { TOLERANCE } from "./figures.ts";
import type { Pair } from "./measure.ts";

const NOTES: Readonly<Record<string, string>> = {
  "frames: long scan":
    "7 instructions a word, C's 6. The loop counts words and, in another register, addresses: a door turns a " +
    "number into an address each time round (inttoptr), and clang does not make base + 8 * index of that.",
  "crc32":
    "one instruction in a loop of 14 (two bytes) counts addresses beside bytes, as in the long scan. It runs beside " +
    "the chain of table look-ups, which takes all the time.",
  "scan: characters":
    "addresses that are numbers again: the loop has a counter more, so clang unrolls it twice and C's four times, " +
    "and its vectoriser (plain -O2 has SSE2) takes the loads for scattered ones. Doors that add the number to a " +
    "base symbol cure this row at plain -O2, and crc32, and cost `paging: map` and `pack` 7 % more instructions.",
  "pack":
    "the loop over bytes that match nothing advances three counters (the offset, the bytes since the last match, " +
    "the bytes left), C's one pointer from which it subtracts.",
  "paging: unmap":
    "instructions 1.37, of which three things were tried by themselves. The doors' barriers keep clang from " +
    "unrolling the search for a live entry (without them 1.21); a shift by a count that could reach 64 costs two " +
    "instructions a level (masked with 63: 1.31; both: 1.20). The rest: a frame's number is made from the entry " +
    "and turned back into an address at each level, and the level at which a walk stopped passes through memory " +
    "(entryStop).",
  "heap: take, give":
    "a header that has to be free is compared with the seal of a used block first, three instructions for each " +
    "block that is looked at. That is heap.ts's own question (blockState answers one of three), not the " +
    "compiler's doing.",
  "tree: find":
    "the same instructions in the same order; plain -O2 gives `setbe` %cl here and %al in C. It writes one byte " +
    "and waits for the rest of its register: %rcx still holds the last search's, %rax was written by the caller " +
    "in between. So C's searches overlap and these wait for each other (a caller that writes %rcx too makes it " +
    "1.0). The kernel's flags: no difference.",
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
