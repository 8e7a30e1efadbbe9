/**
 * A compressor of the LZ77 family for up to 64 KiB at a time, the kind that a compressed store of pages needs.
 *
 *   n < 128    n + 1 bytes follow as they are
 *   n >= 128   n - 128 + 4 bytes are those that lie `distance` back; distance follows as a u16
 *
 * The last place where each hash of four bytes was seen is the only one that is tried.
 */
import {
  fillWords, load16, load32, load8, staticBytes, store16, store32, store8,
} from "../../../kernel/doors/machine.ts";

const HASH_BITS = 12;
const seen = staticBytes(4 << HASH_BITS, 8); // u32 each: 1 + the offset of the last four bytes with that hash
const SEEN_WORDS = 1 << (HASH_BITS - 1);

const MATCH_MIN = 4;
const MATCH_MAX = 127 + MATCH_MIN;
const LITERALS_MAX = 128;

/** Writes `length` bytes from `from` on in the form above; answers how many that took, at most 129 for each 128. */
export function pack(to: bigint, from: bigint, length: number): number {
  fillWords(seen, 0n, SEEN_WORDS);
  const end = from + BigInt(length);
  let out = to;
  let written = from; // the input up to here is in the output
  let at = from;
  while (at + BigInt(MATCH_MIN) <= end) {
    const candidate = lastSeen(from, at);
    if (candidate >= from && load32(candidate) === load32(at)) {
      out = literalsPut(out, written, Number(at - written));
      const matched = matchLength(candidate, at, end);
      store8(out, 128 + matched - MATCH_MIN);
      store16(out + 1n, Number(at - candidate));
      out += 3n;
      at += BigInt(matched);
      written = at;
    } else {
      at++;
    }
  }
  return Number(literalsPut(out, written, Number(end - written)) - to);
}

/** The way back: `packed` bytes from `from` on. Answers how many bytes it wrote. The input must be what pack wrote. */
export function unpack(to: bigint, from: bigint, packed: number): number {
  const end = from + BigInt(packed);
  let out = to;
  for (let cursor = from; cursor < end; ) {
    const control = load8(cursor);
    if (control < 128) {
      out = bytesCopy(out, cursor + 1n, control + 1);
      cursor += BigInt(control + 2);
    } else {
      const distance = load16(cursor + 1n);
      out = bytesCopy(out, out - BigInt(distance), control - 128 + MATCH_MIN);
      cursor += 3n;
    }
  }
  return Number(out - to);
}

/** Where four bytes with the hash of those at `at` were last, below `from` if nowhere; from now on that is `at`. */
function lastSeen(from: bigint, at: bigint): bigint {
  const hash = Math.imul(load32(at), 0x9e37_79b1) >>> (32 - HASH_BITS);
  const slot = seen + BigInt(hash * 4);
  const last = from + BigInt(load32(slot)) - 1n;
  store32(slot, Number(at - from) + 1);
  return last;
}

/** How many bytes from `at` on, up to `end`, are those from `candidate` on; the first four are known to be. */
function matchLength(candidate: bigint, at: bigint, end: bigint): number {
  const left = Number(end - at);
  const most = left < MATCH_MAX ? left : MATCH_MAX;
  let matched = MATCH_MIN;
  while (matched < most && load8(candidate + BigInt(matched)) === load8(at + BigInt(matched))) matched++;
  return matched;
}

/** Answers where the output goes on. */
function literalsPut(to: bigint, from: bigint, count: number): bigint {
  let out = to;
  let cursor = from;
  for (let left = count; left > 0; ) {
    const here = left < LITERALS_MAX ? left : LITERALS_MAX;
    store8(out, here - 1);
    out = bytesCopy(out + 1n, cursor, here);
    cursor += BigInt(here);
    left -= here;
  }
  return out;
}

/** Upwards, a byte at a time: a match may overlap itself. Answers the end of the copy. */
function bytesCopy(to: bigint, from: bigint, count: number): bigint {
  for (let i = 0; i < count; i++) store8(to + BigInt(i), load8(from + BigInt(i)));
  return to + BigInt(count);
}
