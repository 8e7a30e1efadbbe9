/** Whose the frame behind a page is, by what its region shows. */
import type { Frame } from "../../lib/addr.ts";
import { frameKind } from "../phys/frame-table.ts";
import { KIND } from "../phys/owners.ts";
import { OBJECT, OBJECT_KIND, objectHolds, objectOf } from "./object.ts";
import { BACKING } from "./region.ts";
import { zeroPage } from "./zero-page.ts";

/** It does not count who shows it: the zero page, a file's own frames, what somebody else keeps. */
export const UNCOUNTED = 0;
/** The space's own, or its family's: it goes with the last page that shows it. */
export const OWN = 1;
/** An object's: it counts who shows it, and goes with the object. */
export const OBJECTS = 2;

/** Are pages of this kind the space's own, to be copied before they are written while others see them too? */
export function isPrivate(kind: number): boolean {
  return kind === BACKING.ANONYMOUS || kind === BACKING.STACK || kind === BACKING.OBJECT;
}

/** UNCOUNTED, OWN or OBJECTS: the frame behind a page of such a region. */
export function frameStanding(kind: number, backing: bigint, frame: Frame): number {
  switch (kind) {
    case BACKING.ANONYMOUS:
    case BACKING.STACK:
      return frame === zeroPage() ? UNCOUNTED : OWN;
    case BACKING.OBJECT:
      if (frame === zeroPage()) return UNCOUNTED;
      if (OBJECT.kind(objectOf(backing)) === OBJECT_KIND.MODULE) {
        return objectHolds(objectOf(backing), frame) ? UNCOUNTED : OWN;
      }
      return frameKind(frame) === KIND.SHARED ? OBJECTS : OWN;
    case BACKING.SHARED:
      return OBJECTS;
    default:
      return UNCOUNTED;
  }
}
