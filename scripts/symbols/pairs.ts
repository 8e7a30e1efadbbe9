/**
 * Byte-pair coding: the pair of neighbours that is the most frequent becomes a byte of its own, 128 or higher, again
 * and again. A reader needs no memory for it: what a byte above 127 stands for are two others (Gage, "A New Algorithm
 * for Data Compression", The C Users Journal, February 1994).
 */
const FIRST_CODE = 128;
const LAST_CODE = 255;
const END = 0;
/** Below this a pair's two bytes in the table are not worth it. */
const WORTHWHILE = 4;

export interface PairCoded {
  /** What the codes from 128 on stand for; each refers to lower codes only. */
  readonly pairs: readonly (readonly [number, number])[];
  /** The texts one after the other, each with a 0 behind it. */
  readonly bytes: Uint8Array;
  /** Where in `bytes` each begins. */
  readonly starts: readonly number[];
}

/** `texts` are ASCII. */
export function pairCode(texts: readonly string[]): PairCoded {
  let bytes: Uint8Array = Buffer.from(texts.map((text) => `${text}\0`).join(""));
  if (bytes.some((byte) => byte >= FIRST_CODE)) throw new Error("a name that is not ASCII");

  const pairs: [number, number][] = [];
  const counts = new Uint32Array(1 << 16);
  for (let code = FIRST_CODE; code <= LAST_CODE; code++) {
    const pair = mostFrequent(bytes, counts.fill(0));
    if (counts[pair]! < WORTHWHILE) break;
    pairs.push([pair >> 8, pair & 255]);
    bytes = replaced(bytes, pair >> 8, pair & 255, code);
  }
  return { pairs, bytes, starts: startsOf(bytes) };
}

function mostFrequent(bytes: Uint8Array, counts: Uint32Array): number {
  let best = 0; // no pair has an END in it
  for (let i = 0; i + 1 < bytes.length; i++) {
    if (bytes[i] === END || bytes[i + 1] === END) continue;
    const pair = (bytes[i]! << 8) | bytes[i + 1]!;
    counts[pair]!++;
    if (counts[pair]! > counts[best]!) best = pair;
  }
  return best;
}

/** In place: what it gives is the front of `bytes`. */
function replaced(bytes: Uint8Array, first: number, second: number, code: number): Uint8Array {
  let to = 0;
  for (let from = 0; from < bytes.length; from++, to++) {
    if (bytes[from] === first && bytes[from + 1] === second) {
      bytes[to] = code;
      from++;
    } else {
      bytes[to] = bytes[from]!;
    }
  }
  return bytes.subarray(0, to);
}

function startsOf(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let start = 0; start < bytes.length; start = bytes.indexOf(END, start) + 1) starts.push(start);
  return starts;
}
