/** What frames are counted in: words of the bitmap, areas, runs. */

export const WORD_FRAMES = 64;
/** A word of the bitmap all of whose frames are free. */
export const ALL_FREE = 0xffff_ffff_ffff_ffffn;

/** An area is 2 MiB: eight words. */
export const AREA_FRAMES = 512;
export const AREA_ORDER = 9;
export const AREA_WORDS = 8;
/** Areas below 16 MiB, which old devices need: their frames are handed out when there are no others. */
export const LOW_AREAS = 8;

/** The longest run: 2^18 frames, 1 GiB. */
export const ORDER_MAX = 18;

/** Areas that frames 0..limit-1 lie in. */
export function areasFor(limit: number): number {
  return Math.trunc((limit + AREA_FRAMES - 1) / AREA_FRAMES);
}
/** Frames in a run. */
export function runFrames(order: number): number {
  return Number(1n << BigInt(order));
}

/** The first frame of the next word, or `end`. */
export function wordEnd(frame: number, end: number): number {
  const next = frame - (frame % WORD_FRAMES) + WORD_FRAMES;
  return next < end ? next : end;
}
/** The bits of frame..end-1 in the word of `frame`. */
export function wordMask(frame: number, end: number): bigint {
  return (ALL_FREE >> BigInt(WORD_FRAMES - (wordEnd(frame, end) - frame))) << (BigInt(frame) & 63n);
}
