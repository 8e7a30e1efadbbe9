/** Where the next frame comes from, once its word has none left; and what follows when a word is full or free again. */
"compiler: cold"; // no part of the path that is taken 63 times in 64
import { CHECKING } from "../../base/checking.ts";
import { panic } from "../../base/panic.ts";
import type { Frame } from "../../lib/addr.ts";
import { NO_MEMBER } from "../../lib/bit-tree.ts";
import { areaClose, areaOpen, wholeAreaHigh, wholeAreaLow } from "./areas.ts";
import {
  areaIsFree, bitsAreThere, pairArea, pairAreaStart, pairOf, wordAboveLow, wordHideFar, wordNext,
} from "./frame-bits.ts";
import { takeGoesOn } from "./freed-pattern.ts";
import { areaOpened, wordTakenFrom, wordTakeFrom } from "./open-word.ts";
import { NO_OWNER, type Owner } from "./owners.ts";
import { AREA_WORDS } from "./units.ts";

/**
 * From now on frames come from the next word that has any, above the 64 where frameTake has looked; low memory comes
 * last. Answers `owner`, or NO_OWNER if no frame is free.
 */
export function takeElsewhere(owner: Owner): Owner {
  const last = wordTakenFrom();
  if (last === NO_MEMBER && !bitsAreThere()) panic("frames: a frame was taken before there was a pool");
  let word = last === NO_MEMBER ? NO_MEMBER : wordHideFar(last);
  if (word === NO_MEMBER || last < wordAboveLow()) word = wordChoose();
  wordTakeFrom(word);
  if (CHECKING) takeGoesOn();
  return word === NO_MEMBER ? NO_OWNER : owner;
}

/** Broken areas before whole ones: those stay whole for who needs them. */
function wordChoose(): number {
  let word = wordNext(wordAboveLow());
  if (word === NO_MEMBER) word = areaBreak(wholeAreaHigh());
  if (word === NO_MEMBER) word = wordNext(0);
  if (word === NO_MEMBER) word = areaBreak(wholeAreaLow());
  return word;
}

/** The first word of a whole area, which is whole no longer; or NO_MEMBER if there was none. */
function areaBreak(area: number): number {
  if (area === NO_MEMBER) return NO_MEMBER;
  areaOpen(area);
  return area * AREA_WORDS;
}

/** All frames of the word of `frame` are free: perhaps all of its area are. */
export function wordIsFree(frame: Frame): void {
  const start = pairAreaStart(pairOf(frame));
  if (start !== areaOpened() && areaIsFree(start)) areaClose(pairArea(start));
}
