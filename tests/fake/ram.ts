/**
 * Physical memory: junk until somebody writes it, made piece by piece on first touch, so that a machine of 64 GiB
 * costs what the kernel touches. Addresses are plain numbers here: physical addresses stay below 2^52.
 */
import { BusError } from "./faults.ts";

const PIECE = 0x10000;
const JUNK = junkPiece();

/** A stretch of physical addresses; `end` is exclusive. */
export interface PhysRange {
  readonly start: number;
  readonly end: number;
}

let ranges: readonly PhysRange[] = [];
let pieces = new Map<number, DataView>();
let spare: DataView[] = [];
let lastNumber = -1;
let lastPiece = new DataView(JUNK.buffer);
let fence: readonly PhysRange[] | null = null;

/** All RAM is junk again and lies in `installed`, whose bounds are multiples of 64 KiB. */
export function ramReset(installed: readonly PhysRange[]): void {
  for (const { start, end } of installed) {
    if (start % PIECE !== 0 || end % PIECE !== 0) throw new RangeError("fake RAM comes in pieces of 64 KiB");
  }
  spare = spare.concat([...pieces.values()]).slice(0, 1024);
  pieces = new Map();
  ranges = installed;
  lastNumber = -1;
  fence = null;
}

/** From now on an access outside `allowed` is a BusError, RAM or not; null lifts the fence. */
export function ramFence(allowed: readonly PhysRange[] | null): void {
  fence = allowed;
}

/** The 64 KiB piece that holds `pa`, at offset `pa % 65536`. `pa .. pa + bytes` stays inside one. */
export function pieceOf(pa: number, bytes: number): DataView {
  if (fence !== null) fenceCheck(fence, pa, bytes);
  const number = Math.floor(pa / PIECE);
  if (number !== lastNumber) {
    lastPiece = pieces.get(number) ?? pieceMake(number, pa);
    lastNumber = number;
  }
  return lastPiece;
}

export function ramRead8(pa: number): number {
  return pieceOf(pa, 1).getUint8(pa % PIECE);
}
export function ramWrite8(pa: number, value: number): void {
  pieceOf(pa, 1).setUint8(pa % PIECE, value);
}
/** `pa` is a multiple of 4. */
export function ramRead32(pa: number): number {
  return pieceOf(pa, 4).getUint32(pa % PIECE, true);
}
export function ramWrite32(pa: number, value: number): void {
  pieceOf(pa, 4).setUint32(pa % PIECE, value, true);
}
/** `pa` is a multiple of 8. */
export function ramRead64(pa: number): bigint {
  return pieceOf(pa, 8).getBigUint64(pa % PIECE, true);
}
export function ramWrite64(pa: number, value: bigint): void {
  pieceOf(pa, 8).setBigUint64(pa % PIECE, value, true);
}

/** The `length` bytes at `pa`, themselves (not a copy); they lie within one 4 KiB frame. */
export function ramBytes(pa: number, length: number): Uint8Array {
  const piece = pieceOf(pa, length);
  return new Uint8Array(piece.buffer, pa % PIECE, length);
}

function pieceMake(number: number, pa: number): DataView {
  const start = number * PIECE;
  if (!ranges.some((range) => range.start <= start && start < range.end)) throw new BusError(pa);
  const piece = spare.pop() ?? new DataView(new ArrayBuffer(PIECE));
  new Uint8Array(piece.buffer).set(JUNK);
  pieces.set(number, piece);
  return piece;
}

function fenceCheck(allowed: readonly PhysRange[], pa: number, bytes: number): void {
  if (!allowed.some((range) => range.start <= pa && pa + bytes <= range.end)) throw new BusError(pa);
}

/** The same bytes in every run (Marsaglia's xorshift), and never a frame full of zeroes. */
function junkPiece(): Uint8Array {
  const words = new Uint32Array(PIECE / 4);
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
