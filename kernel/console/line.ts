/**
 * The line that a person is typing: bytes from a terminal go in, an edited line comes out, and the terminal shows it.
 *
 *   Enter                     ends the line          Backspace, Delete, Ctrl-D   take away one character
 *   Left, Right, Home, End    move the cursor        Ctrl-U, Ctrl-K, Ctrl-W      take away all, the rest, a word
 *   Up, Down                  earlier lines          Ctrl-C                      gives the line up
 *
 * Other keys and bytes above ASCII are swallowed. The terminal need only obey backspace.
 */
"compiler: cold"; // at the speed of a hand
import { serialWrite } from "../arch/serial.ts";
import { logEnd, logText } from "../base/log.ts";
import { copyBytes, load8, staticBytes, store8 } from "../doors/machine.ts";
import { historyAdd, historyCount, historyLength, historyText, LINE_MAX } from "./history.ts";
import { KEY, keyOf, keysStart } from "./keys.ts";

/** What a byte did to the line. */
export const LINE = {
  OPEN: 0, // not ended yet
  READY: 1, // ended
  GIVEN_UP: 2, // Ctrl-C
  TOO_LONG: 3, // ended, but what was typed did not fit: it must not be obeyed in part
  COMPLETE: 4, // Tab: whoever knows the words may call lineInsert, and goes on
} as const;

const BELL = 0x07;
const BACKSPACE = 0x08;
const SPACE = 0x20;

const buffer = staticBytes(LINE_MAX, 1);
const draft = staticBytes(LINE_MAX, 1); // what was being typed when Up was first pressed

let length = 0;
let cursor = 0; // 0..length
let lost = 0; // characters typed that did not fit
let back = 0; // lines back in the history; 0: the line is the person's own
let draftLength = 0;

/** Address of the line's characters. */
export function lineText(): bigint {
  return buffer;
}
/** How many there are: 0..LINE_MAX. */
export function lineLength(): number {
  return length;
}
/** Where the cursor stands: 0..lineLength(). */
export function lineCursor(): number {
  return cursor;
}

/** An empty line; to be called before the first byte and after each line that has ended. */
export function lineStart(): void {
  length = 0;
  cursor = 0;
  lost = 0;
  back = 0;
  keysStart();
}

/** Takes one byte from the terminal, shows what it does, and answers one of LINE. */
export function lineByte(byte: number): number {
  const key = keyOf(byte);
  if (key >= SPACE) {
    lineInsert(key);
    return LINE.OPEN;
  }
  switch (key) {
    case KEY.ENTER:
      logEnd();
      if (lost > 0) return LINE.TOO_LONG;
      historyAdd(buffer, length);
      return LINE.READY;
    case KEY.GIVE_UP:
      logText("^C");
      logEnd();
      return LINE.GIVEN_UP;
    case KEY.COMPLETE:
      return LINE.COMPLETE;
    default:
      edit(key);
      return LINE.OPEN;
  }
}

/** Puts a printable character in front of the cursor. One that does not fit rings the bell and is only counted. */
export function lineInsert(character: number): void {
  if (length === LINE_MAX) {
    lost++;
    serialWrite(BELL);
    return;
  }
  for (let i = length; i > cursor; i--) store8(placeOf(i), load8(placeOf(i - 1)));
  store8(placeOf(cursor), character);
  length++;
  show(length - 1, cursor + 1);
}

/** Shows the line again, where the terminal's cursor stands: after somebody else has written. */
export function lineShow(): void {
  const place = cursor;
  cursor = 0;
  show(0, place);
}

function edit(key: number): void {
  switch (key) {
    case KEY.LEFT:
      cursorTo(Math.max(cursor - 1, 0));
      break;
    case KEY.RIGHT:
      cursorTo(Math.min(cursor + 1, length));
      break;
    case KEY.HOME:
      cursorTo(0);
      break;
    case KEY.END:
      cursorTo(length);
      break;
    case KEY.BACKSPACE:
      if (lost > 0) lost--; // it was never shown
      else remove(Math.max(cursor - 1, 0), cursor);
      break;
    case KEY.ERASE:
      remove(cursor, Math.min(cursor + 1, length));
      break;
    case KEY.KILL_LINE:
      lost = 0;
      remove(0, length);
      break;
    case KEY.KILL_REST:
      lost = 0;
      remove(cursor, length);
      break;
    case KEY.KILL_WORD:
      lost = 0;
      remove(wordStart(), cursor);
      break;
    case KEY.PREVIOUS:
      if (back < historyCount()) historyShow(back + 1);
      break;
    case KEY.NEXT:
      if (back > 0) historyShow(back - 1);
      break;
    default: // no key that edits
  }
}

/** The line that is `to` lines back takes the place of this one; 0 is the one that was begun. */
function historyShow(to: number): void {
  if (back === 0) {
    draftLength = length;
    copyBytes(draft, buffer, length);
  }
  back = to;
  lost = 0;
  cursorTo(0);
  const before = length;
  length = to === 0 ? draftLength : historyLength(to);
  copyBytes(buffer, to === 0 ? draft : historyText(to), length);
  show(before, length);
}

/** Takes away the characters from `start` to `end` (0 <= start <= end <= length). */
function remove(start: number, end: number): void {
  cursorTo(start);
  const before = length;
  length -= end - start;
  copyBytes(placeOf(start), placeOf(end), length - start); // downwards: it may overlap
  show(before, start);
}

/** Where the word before the cursor begins. */
function wordStart(): number {
  let start = cursor;
  while (start > 0 && load8(placeOf(start - 1)) === SPACE) start--;
  while (start > 0 && load8(placeOf(start - 1)) !== SPACE) start--;
  return start;
}

// ---- the terminal --------------------------------------------------------------------------------------------
/** The line has changed behind the cursor and had `before` characters: shows it, and leaves the cursor at `place`. */
function show(before: number, place: number): void {
  for (let i = cursor; i < length; i++) serialWrite(load8(placeOf(i)));
  for (let i = length; i < before; i++) serialWrite(SPACE);
  cursor = Math.max(before, length);
  cursorTo(place);
}

/** To the right by writing what is there. */
function cursorTo(place: number): void {
  for (; cursor > place; cursor--) serialWrite(BACKSPACE);
  for (; cursor < place; cursor++) serialWrite(load8(placeOf(cursor)));
}

function placeOf(index: number): bigint {
  return buffer + BigInt(index);
}
