/** Whose the frame behind a page is, by what its region shows. */
import type { Frame } from "../../lib/addr.ts";
import { objectOf, objectHolds } from "./object.ts";
import { BACKING } from "./region.ts";
import { zeroPage } from "./zero-page.ts";

/** Are pages of this kind the space's own, to be copied before they are written while others see them too? */
export function isPrivate(kind: number): boolean {
  return kind === BACKING.ANONYMOUS || kind === BACKING.STACK || kind === BACKING.OBJECT;
}

/**
 * Does `frame`, behind a page of such a region, count its mappings, and is it given back with the last of them? Not so
 * the zero page, an object's own frames, and what somebody else keeps.
 */
export function isCounted(kind: number, backing: bigint, frame: Frame): boolean {
  if (frame === zeroPage()) return false;
  switch (kind) {
    case BACKING.ANONYMOUS:
    case BACKING.STACK:
      return true;
    case BACKING.OBJECT:
      return !objectHolds(objectOf(backing), frame);
    default:
      return false;
  }
}
