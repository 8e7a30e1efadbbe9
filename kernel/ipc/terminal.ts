/**
 * What is typed while a program runs: bytes from the serial port become lines that can be read (POSIX, "General
 * Terminal Interface", "Canonical Mode Input Processing"; man 3 termios).
 *
 *   typed -> line (erase, kill) --Enter, Ctrl-D--> queue -> read
 *
 * In the queue an entry has 16 bits: a byte, or END, where Ctrl-D was typed. Of what a program may set, it obeys ICRNL,
 * ISIG, ICANON, ECHO and ECHOE; the rest is kept and shown. There is one terminal.
 */
import { serialWrite } from "../arch/serial.ts";
import { copyBytes, fillWords, load16, load8, staticBytes, store16, store8 } from "../doors/machine.ts";
import { type VirtAddr, virtAddr } from "../lib/addr.ts";
import { bytes, layout, u32, u8 } from "../lib/layout.ts";
import { BAD_ADDRESS, OK, WOULD_BLOCK } from "../lib/status.ts";
import { copyOut } from "../mm/user/user-copy.ts";

/** What TCGETS shows and TCSETS sets: Linux's struct termios of the kernel's, 36 bytes. */
export const TERMIOS = layout(36, {
  input: u32, output: u32, control: u32, local: u32, line: u8, characters: bytes(19),
});
const INPUT = { CR_TO_NL: 0o400 } as const;
const OUTPUT_NEWLINE = 0o5; // OPOST, ONLCR: what the serial port does with a line feed
const CONTROL_115200 = 0o10002 | 0o60 | 0o200 | 0o4000; // B115200, CS8, CREAD, CLOCAL
const LOCAL = {
  SIGNALS: 0o1, CANONICAL: 0o2, ECHO: 0o10, ECHO_ERASE: 0o20, ECHO_KILL: 0o40, EXTENDED: 0o100000,
} as const;
const CHARACTER = { INTERRUPT: 0, ERASE: 2, KILL: 3, END: 4, TIME: 5, LEAST: 6 } as const;

const KEY_INTERRUPT = 0x03;
const KEY_END = 0x04;
const KEY_BACKSPACE = 0x08;
const KEY_KILL = 0x15;
const KEY_QUIT = 0x1c; // Ctrl-\: of all keys the one that no program has to itself
const KEY_DELETE = 0x7f;
const RETURN = 0x0d;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const CARET = 0x5e;
const CONTROL_BIT = 0x40;

/** What a typed byte did. */
export const TYPED = {
  NOTHING: 0, // it waits for the rest of its line
  READABLE: 1, // whoever waits to read can
  INTERRUPT: 2, // what runs is to get SIGINT; what waited to be read is gone
  KILL: 3, // what runs is to be ended, whatever it has set
} as const;

/** The longest line, and what can wait to be read (Linux: N_TTY_BUF_SIZE). */
const BYTES = 4096;
const END = 0x100;
const TERMIOS_WORDS = 5;
const termios = staticBytes(40, 8);
const line = staticBytes(BYTES, 8);
const queue = staticBytes(2 * BYTES, 8);
let length = 0; // of the line
let group = 0; // of processes: whose terminal it is
let put = 0; // entries put into the queue, ever
let taken = 0; // entries taken out of it, ever
let ends = 0; // entries in it that end a line: ENDs and newlines

/** Nothing has been typed, everything is set as usual, and it is the terminal of group `owner`. */
export function terminalInit(owner: number): void {
  group = owner;
  length = 0;
  put = 0;
  taken = 0;
  ends = 0;
  fillWords(termios, 0n, TERMIOS_WORDS);
  TERMIOS.setInput(termios, INPUT.CR_TO_NL);
  TERMIOS.setOutput(termios, OUTPUT_NEWLINE);
  TERMIOS.setControl(termios, CONTROL_115200);
  TERMIOS.setLocal(
    termios, LOCAL.SIGNALS | LOCAL.CANONICAL | LOCAL.ECHO | LOCAL.ECHO_ERASE | LOCAL.ECHO_KILL | LOCAL.EXTENDED,
  );
  characterSet(CHARACTER.INTERRUPT, KEY_INTERRUPT);
  characterSet(CHARACTER.ERASE, KEY_DELETE);
  characterSet(CHARACTER.KILL, KEY_KILL);
  characterSet(CHARACTER.END, KEY_END);
  characterSet(CHARACTER.TIME, 0);
  characterSet(CHARACTER.LEAST, 1);
}

/** The group of processes in the foreground: to whom Ctrl-C goes. */
export function terminalGroup(): number {
  return group;
}
export function terminalGroupSet(owner: number): void {
  group = owner;
}

/** Where the settings are: a TERMIOS. */
export function terminalSettings(): VirtAddr {
  return virtAddr(termios);
}
/** They become those of the TERMIOS at `at`. A line that has begun is readable once lines do not matter. */
export function terminalSet(at: bigint): void {
  copyBytes(termios, at, TERMIOS.SIZE);
  if (!has(LOCAL.CANONICAL)) lineEnd();
}

/** Takes one byte from the keyboard, and shows it: one of TYPED. What does not fit is not taken. */
export function terminalType(typed: number): number {
  if (typed === KEY_QUIT) return TYPED.KILL;
  const byte = typed === RETURN && (TERMIOS.input(termios) & INPUT.CR_TO_NL) !== 0 ? NEWLINE : typed;
  if (has(LOCAL.SIGNALS) && byte === character(CHARACTER.INTERRUPT)) {
    length = 0;
    taken = put;
    ends = 0;
    echo(byte);
    echo(NEWLINE);
    return TYPED.INTERRUPT;
  }
  if (has(LOCAL.CANONICAL)) return lineType(byte);
  if (put - taken === BYTES) return TYPED.NOTHING;
  echo(byte);
  entryPut(byte);
  return TYPED.READABLE;
}

function lineType(byte: number): number {
  if (byte === character(CHARACTER.ERASE) || byte === KEY_BACKSPACE) {
    erase(Math.min(length, 1));
  } else if (byte === character(CHARACTER.KILL)) {
    erase(length);
  } else if (byte === character(CHARACTER.END)) {
    if (put - taken + length === BYTES) return TYPED.NOTHING;
    lineEnd();
    entryPut(END);
    return TYPED.READABLE;
  } else {
    const room = BYTES - (put - taken) - length;
    if (room === 0 || (room === 1 && byte !== NEWLINE)) return TYPED.NOTHING; // there is always room for its end
    echo(byte);
    store8(line + BigInt(length), byte);
    length++;
    if (byte !== NEWLINE) return TYPED.NOTHING;
    lineEnd();
    return TYPED.READABLE;
  }
  return TYPED.NOTHING;
}

/** Is there something to be read: where lines matter, a whole one, or the end? */
export function terminalIsReadable(): boolean {
  return has(LOCAL.CANONICAL) ? ends > 0 : put > taken;
}
/** How many bytes one read could have now: of all lines. */
export function terminalBytes(): number {
  return terminalIsReadable() ? put - taken : 0;
}

/**
 * Up to `count` (1 or more) bytes to the program's `to`, of one line at most: how many. 0: Ctrl-D was typed.
 * WOULD_BLOCK: there is nothing yet. BAD_ADDRESS: nothing is lost.
 */
export function terminalRead(to: bigint, count: number): number {
  if (!terminalIsReadable()) return WOULD_BLOCK;
  let done = 0;
  while (done < count && taken < put) {
    const entry = entryAt(taken);
    if (entry !== END && copyOut(to + BigInt(done), virtAddr(entryPlace(taken)), 1) !== OK) {
      return done > 0 ? done : BAD_ADDRESS;
    }
    entryTake(entry);
    if (entry === END) return done;
    done++;
    if (entry === NEWLINE && has(LOCAL.CANONICAL)) return done;
  }
  if (taken < put && entryAt(taken) === END) entryTake(END); // the end of a line that was just long enough
  return done;
}

// ---- the queue -------------------------------------------------------------------------------------------------
function lineEnd(): void {
  for (let i = 0; i < length; i++) entryPut(load8(line + BigInt(i)));
  length = 0;
}
function entryPut(entry: number): void {
  store16(entryPlace(put), entry);
  put++;
  if (isEnd(entry)) ends++;
}
function entryTake(entry: number): void {
  taken++;
  if (isEnd(entry)) ends--;
}
function isEnd(entry: number): boolean {
  return entry === END || entry === NEWLINE;
}
function entryAt(index: number): number {
  return load16(entryPlace(index));
}
/** A byte's entry begins with the byte. */
function entryPlace(index: number): bigint {
  return queue + BigInt((index % BYTES) * 2);
}

// ---- the screen ------------------------------------------------------------------------------------------------
function echo(byte: number): void {
  if (!has(LOCAL.ECHO)) return;
  if (byte < SPACE && byte !== NEWLINE) {
    serialWrite(CARET);
    serialWrite(byte + CONTROL_BIT);
  } else {
    serialWrite(byte);
  }
}
/** The last `count` bytes of the line go, and what was shown for them. */
function erase(count: number): void {
  for (let i = 0; i < count; i++) {
    length--;
    const columns = load8(line + BigInt(length)) < SPACE ? 2 : 1;
    for (let column = 0; column < columns && has(LOCAL.ECHO); column++) {
      serialWrite(KEY_BACKSPACE);
      serialWrite(SPACE);
      serialWrite(KEY_BACKSPACE);
    }
  }
}

function has(local: number): boolean {
  return (TERMIOS.local(termios) & local) !== 0;
}
function character(index: number): number {
  return load8(TERMIOS.charactersAt(termios) + BigInt(index));
}
function characterSet(index: number, byte: number): void {
  store8(TERMIOS.charactersAt(termios) + BigInt(index), byte);
}
