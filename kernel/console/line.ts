/**
 * The line that a person is typing: bytes from a terminal go in, an edited line comes out. It echoes what it keeps.
 *
 *   Enter (CR, LF, or both)   ends the line          Backspace, Delete   takes back one character
 *   Ctrl-U                    takes back all         Ctrl-C              gives the line up
 *
 * Other control characters, escape sequences (arrow keys and the like) and bytes above ASCII are swallowed.
 */
import { serialWrite } from "../arch/serial.ts";
import { logEnd, logText } from "../base/log.ts";
import { staticBytes, store8 } from "../doors/machine.ts";

/** What a byte did to the line. */
export const LINE = {
  OPEN: 0, // not ended yet
  READY: 1, // ended
  GIVEN_UP: 2, // Ctrl-C
  TOO_LONG: 3, // ended, but what was typed did not fit: it must not be obeyed in part
} as const;

/** Characters that fit; an 80-column terminal shows them in one line after the prompt. */
export const LINE_MAX = 77;

const KEY = {
  CTRL_C: 0x03,
  BELL: 0x07,
  BACKSPACE: 0x08,
  LINE_FEED: 0x0a,
  CARRIAGE_RETURN: 0x0d,
  CTRL_U: 0x15,
  ESCAPE: 0x1b,
  SPACE: 0x20,
  DELETE: 0x7f,
} as const;

/** Where in an escape sequence the next byte stands (ECMA-48, "Control sequences"). */
const SEQUENCE = { NONE: 0, AFTER_ESCAPE: 1, PARAMETERS: 2, LAST_BYTE: 3 } as const;

const buffer = staticBytes(LINE_MAX, 1);

let typed = 0; // characters, those that did not fit counted too
let sequence = 0; // of SEQUENCE
let afterReturn = false; // a line feed now belongs to the carriage return before it

/** Address of the line's characters. */
export function lineText(): bigint {
  return buffer;
}
/** How many there are: 0..LINE_MAX. */
export function lineLength(): number {
  return Math.min(typed, LINE_MAX);
}

/** An empty line; to be called before the first byte and after each line that has ended. */
export function lineStart(): void {
  typed = 0;
  sequence = SEQUENCE.NONE;
}

/** Takes one byte from the terminal, echoes, and answers one of LINE. */
export function lineByte(byte: number): number {
  const ignored = byte === KEY.LINE_FEED && afterReturn;
  afterReturn = byte === KEY.CARRIAGE_RETURN;
  if (ignored || sequenceSwallows(byte)) return LINE.OPEN;

  switch (byte) {
    case KEY.CARRIAGE_RETURN:
    case KEY.LINE_FEED:
      logEnd();
      return typed > LINE_MAX ? LINE.TOO_LONG : LINE.READY;
    case KEY.CTRL_C:
      logText("^C");
      logEnd();
      return LINE.GIVEN_UP;
    case KEY.CTRL_U:
      while (typed > 0) eraseLast();
      return LINE.OPEN;
    case KEY.BACKSPACE:
    case KEY.DELETE:
      if (typed > 0) eraseLast();
      return LINE.OPEN;
    default:
      if (byte >= KEY.SPACE && byte < KEY.DELETE) append(byte);
      return LINE.OPEN;
  }
}

/** A character that does not fit rings the bell and is only counted. */
function append(byte: number): void {
  if (typed < LINE_MAX) {
    store8(buffer + BigInt(typed), byte);
    serialWrite(byte);
  } else {
    serialWrite(KEY.BELL);
  }
  typed++;
}

function eraseLast(): void {
  typed--;
  if (typed >= LINE_MAX) return; // it was never shown
  serialWrite(KEY.BACKSPACE);
  serialWrite(KEY.SPACE);
  serialWrite(KEY.BACKSPACE);
}

/** Is `byte` part of an escape sequence? A control character (Enter above all) always ends one and counts. */
function sequenceSwallows(byte: number): boolean {
  if (byte === KEY.ESCAPE) {
    sequence = SEQUENCE.AFTER_ESCAPE;
    return true;
  }
  if (sequence === SEQUENCE.NONE) return false;
  const before = sequence;
  sequence = SEQUENCE.NONE;
  if (byte < KEY.SPACE) return false;

  switch (before) {
    case SEQUENCE.AFTER_ESCAPE:
      if (byte === 0x5b) sequence = SEQUENCE.PARAMETERS; // "[": parameters, then a letter
      if (byte === 0x4f) sequence = SEQUENCE.LAST_BYTE; // "O": one letter
      return true;
    case SEQUENCE.PARAMETERS:
      if (byte < 0x40) sequence = SEQUENCE.PARAMETERS;
      return true;
    default:
      return true;
  }
}
