/**
 * Keys, from the bytes that a terminal sends for them: ASCII as it is, cursor keys as escape sequences (ECMA-48,
 * "Control sequences"; xterm's "PC-Style Function Keys" and the VT220's editing keypad).
 */

/** What keyOf answers for a key that is no character. */
export const KEY = {
  NONE: -1, // nothing yet, or nothing that anybody wants
  HOME: 0x01, // Ctrl-A
  LEFT: 0x02, // Ctrl-B
  GIVE_UP: 0x03, // Ctrl-C
  ERASE: 0x04, // Ctrl-D: the character under the cursor
  END: 0x05, // Ctrl-E
  RIGHT: 0x06, // Ctrl-F
  BACKSPACE: 0x08,
  COMPLETE: 0x09, // Tab
  LINE_FEED: 0x0a,
  KILL_REST: 0x0b, // Ctrl-K
  ENTER: 0x0d,
  NEXT: 0x0e, // Ctrl-N
  PREVIOUS: 0x10, // Ctrl-P
  KILL_LINE: 0x15, // Ctrl-U
  KILL_WORD: 0x17, // Ctrl-W
} as const;

const ESCAPE = 0x1b;
const SPACE = 0x20;
const DELETE = 0x7f;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const SEMICOLON = 0x3b;

/** Where in an escape sequence the next byte stands. */
const STATE = { PLAIN: 0, ESCAPE: 1, CONTROL: 2, SINGLE_SHIFT: 3 } as const;

let state = STATE.PLAIN as number;
let parameter = 0; // the first number of a control sequence
let inFirst = true; // no semicolon yet: what comes after one says which of Shift, Alt and Ctrl is held
let afterReturn = false; // a line feed now belongs to the carriage return before it

/** Nothing of a key has arrived. */
export function keysStart(): void {
  state = STATE.PLAIN;
}

/** The key that `byte` (0..255) completes: a printable character, one of KEY, or KEY.NONE. */
export function keyOf(byte: number): number {
  const follows = byte === KEY.LINE_FEED && afterReturn;
  afterReturn = byte === KEY.ENTER;
  if (follows) return KEY.NONE;
  if (byte < SPACE) {
    state = byte === ESCAPE ? STATE.ESCAPE : STATE.PLAIN; // a control character ends every sequence, and counts
    return byte === ESCAPE ? KEY.NONE : controlKey(byte);
  }
  if (state === STATE.PLAIN) return byte < DELETE ? byte : byte === DELETE ? KEY.BACKSPACE : KEY.NONE;
  return sequenceKey(byte);
}

function controlKey(byte: number): number {
  switch (byte) {
    case KEY.HOME:
    case KEY.LEFT:
    case KEY.GIVE_UP:
    case KEY.ERASE:
    case KEY.END:
    case KEY.RIGHT:
    case KEY.BACKSPACE:
    case KEY.COMPLETE:
    case KEY.KILL_REST:
    case KEY.ENTER:
    case KEY.NEXT:
    case KEY.PREVIOUS:
    case KEY.KILL_LINE:
    case KEY.KILL_WORD:
      return byte;
    case KEY.LINE_FEED:
      return KEY.ENTER;
    default:
      return KEY.NONE;
  }
}

/** `byte` is 0x20 or more, in a sequence. */
function sequenceKey(byte: number): number {
  const before = state;
  state = STATE.PLAIN;
  switch (before) {
    case STATE.ESCAPE:
      if (byte === 0x5b) state = STATE.CONTROL; // "["
      if (byte === 0x4f) state = STATE.SINGLE_SHIFT; // "O": one letter
      parameter = 0;
      inFirst = true;
      return KEY.NONE;
    case STATE.CONTROL:
      if (byte >= 0x40) return byte === 0x7e ? keypadKey(parameter) : cursorKey(byte);
      state = STATE.CONTROL;
      if (byte === SEMICOLON) inFirst = false;
      if (inFirst && byte >= DIGIT_0 && byte <= DIGIT_9) parameter = (parameter * 10 + byte - DIGIT_0) % 1000;
      return KEY.NONE;
    default:
      return cursorKey(byte);
  }
}

/** By the last letter of its sequence. */
function cursorKey(letter: number): number {
  switch (letter) {
    case 0x41: // A
      return KEY.PREVIOUS;
    case 0x42: // B
      return KEY.NEXT;
    case 0x43: // C
      return KEY.RIGHT;
    case 0x44: // D
      return KEY.LEFT;
    case 0x46: // F
      return KEY.END;
    case 0x48: // H
      return KEY.HOME;
    default:
      return KEY.NONE;
  }
}

/** By the number before the tilde. */
function keypadKey(number: number): number {
  switch (number) {
    case 1:
    case 7:
      return KEY.HOME;
    case 3:
      return KEY.ERASE;
    case 4:
    case 8:
      return KEY.END;
    default:
      return KEY.NONE;
  }
}
