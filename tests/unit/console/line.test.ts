import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { HISTORY_LINES, historyForget, LINE_MAX } from "../../../kernel/console/history.ts";
import { LINE, lineByte, lineCursor, lineLength, lineShow, lineStart, lineText } from "../../../kernel/console/line.ts";
import { fakeMachine, load8, type Machine } from "../../fake/machine.ts";

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
  lineByte(0); // whatever came before, the next line feed is an Enter of its own
  historyForget();
  lineStart();
});

/** Types until the line ends; answers how it ended, and the line. */
function type(keys: string): { end: number; line: string } {
  let end: number = LINE.OPEN;
  for (const byte of Buffer.from(keys, "latin1")) {
    expect(end).toBe(LINE.OPEN);
    end = lineByte(byte);
  }
  const bytes = Array.from({ length: lineLength() }, (_, i) => load8(lineText() + BigInt(i)));
  const line = String.fromCharCode(...bytes);
  return { end, line };
}

/** What a terminal shows after `output`, and in which column its cursor stands. */
function terminal(output: string): { rows: string[]; column: number } {
  const rows: string[][] = [[]];
  let column = 0;
  for (const char of output) {
    if (char === "\r") column = 0;
    else if (char === "\n") rows.push([]);
    else if (char === "\b") column--;
    else if (char !== "\x07") rows.at(-1)![column++] = char;
  }
  return { rows: rows.map((row) => row.join("").trimEnd()), column };
}
function screen(output: string): string[] {
  return terminal(output).rows;
}

test("what is typed is echoed and is the line at Enter", () => {
  expect(type("mem\r")).toEqual({ end: LINE.READY, line: "mem" });
  expect(machine.serialTake()).toBe("mem\r\n");
});

test.each([["\r"], ["\n"]])("%j is Enter", (enter) => {
  expect(type(`x${enter}`)).toEqual({ end: LINE.READY, line: "x" });
});

test("carriage return and line feed together are one Enter", () => {
  expect(type("a\r").end).toBe(LINE.READY);
  lineStart();
  expect(type("\nb\r")).toEqual({ end: LINE.READY, line: "b" });
  lineStart();
  expect(type("\r").end).toBe(LINE.READY);
});

test.each([["\b"], ["\x7f"]])("%j takes back the last character, on the screen too, and stops at the start", (key) => {
  expect(type(`${key}max${key}${key}em\r`)).toEqual({ end: LINE.READY, line: "mem" });
  expect(screen(machine.serialTake())).toEqual(["mem", ""]);
});

test("Ctrl-U takes back the whole line", () => {
  expect(type("panic\x15mem\r")).toEqual({ end: LINE.READY, line: "mem" });
  expect(screen(machine.serialTake())).toEqual(["mem", ""]);
});

test("Ctrl-C gives the line up", () => {
  expect(type("panic\x03").end).toBe(LINE.GIVEN_UP);
  expect(screen(machine.serialTake())).toEqual(["panic^C", ""]);
});

test("a line that just fits is obeyed; one character more rings the bell and the line is refused", () => {
  const longest = "x".repeat(LINE_MAX);
  expect(type(`${longest}\r`)).toEqual({ end: LINE.READY, line: longest });
  expect(machine.serialTake()).not.toContain("\x07");
  lineStart();
  expect(type(`${longest}y\r`).end).toBe(LINE.TOO_LONG);
  expect(machine.serialTake()).toContain("\x07");
});

test("taking back what did not fit makes the line good again and leaves the screen as it was", () => {
  const longest = "x".repeat(LINE_MAX);
  expect(type(`${longest}yz\b\b\r`)).toEqual({ end: LINE.READY, line: longest });
  expect(screen(machine.serialTake())).toEqual([longest, ""]);
});

test("function keys, letters beyond ASCII and keys without a meaning leave nothing in the line", () => {
  expect(type("m\x1b[15~\x1b[2~e\x1bOP\xc3\xa9\x00\x07\x1b[Zm\r")).toEqual({ end: LINE.READY, line: "mem" });
  expect(machine.serialTake()).toBe("mem\r\n");
});

test("Enter in the middle of an escape sequence still ends the line", () => {
  expect(type("mem\x1b\r").end).toBe(LINE.READY);
  lineStart();
  expect(type("mem\x1b[\r").end).toBe(LINE.READY);
});

/** The keys, and what each does to a simple model of the line. */
interface Model {
  text: string;
  at: number;
}
const HOME = ["\x01", "\x1b[H", "\x1b[1~", "\x1bOH"];
const END = ["\x05", "\x1b[F", "\x1b[4~", "\x1bOF"];
const EDITS: readonly (readonly [keys: readonly string[], edit: (line: Model) => Model])[] = [
  [["\b", "\x7f"], ({ text, at }) => cut(text, Math.max(at - 1, 0), at)],
  [["\x04", "\x1b[3~"], ({ text, at }) => ({ ...cut(text, at, at + 1), at })],
  [["\x15"], () => ({ text: "", at: 0 })],
  [["\x0b"], ({ text, at }) => ({ text: text.slice(0, at), at })],
  [["\x17"], ({ text, at }) => cut(text, /[^ ]* *$/.exec(text.slice(0, at))!.index, at)],
  [["\x02", "\x1b[D", "\x1bOD"], ({ text, at }) => ({ text, at: Math.max(at - 1, 0) })],
  [["\x06", "\x1b[C", "\x1bOC", "\x1b[1;5C"], ({ text, at }) => ({ text, at: Math.min(at + 1, text.length) })],
  [HOME, ({ text }) => ({ text, at: 0 })],
  [END, ({ text }) => ({ text, at: text.length })],
  [["\xff", "\x1b[15~", "\x00"], (line) => line],
];
function cut(text: string, from: number, to: number): Model {
  return { text: text.slice(0, from) + text.slice(to), at: from };
}

test("whatever is typed, the line is what a simple model says, and the terminal shows it and the cursor", () => {
  const edits = EDITS.flatMap(([keys, edit]) => keys.map((key) => ({ key, edit })));
  const letters = ["a", " ", "z", "abcdefgh"].map((key) => ({
    key,
    edit: ({ text, at }: Model): Model => ({ text: text.slice(0, at) + key + text.slice(at), at: at + key.length }),
  }));
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...edits, ...letters, ...letters), { maxLength: 60 }), (typed) => {
      let line: Model = { text: "", at: 0 };
      lineStart();
      machine.serialTake();
      let output = "";
      for (const { key, edit } of typed) {
        const next = edit(line);
        if (next.text.length > LINE_MAX) continue; // another test
        line = next;
        for (const byte of Buffer.from(key, "latin1")) expect(lineByte(byte)).toBe(LINE.OPEN);
        output += machine.serialTake();
        expect(lineCursor()).toBe(line.at);
        const { rows, column } = terminal(output);
        expect(rows).toEqual([line.text.trimEnd()]);
        expect(column).toBe(line.at);
      }
      expect(type("\r")).toEqual({ end: LINE.READY, line: line.text });
    }),
    { numRuns: 300 },
  );
});

test("a character put into a full line is lost with a bell, wherever the cursor is, until one is taken back", () => {
  const longest = "x".repeat(LINE_MAX);
  expect(type(`${longest}\x01y\r`).end).toBe(LINE.TOO_LONG);
  lineStart();
  expect(type(`${longest}\x01y\x7f\r`)).toEqual({ end: LINE.READY, line: longest });
});

test("Up and Down go through the lines that were obeyed, and back to the one that was begun", () => {
  for (const line of ["mem", "memmap", "log"]) {
    type(`${line}\r`);
    lineStart();
  }
  const lines = ["\x1b[A", "\x1b[A", "\x10", "\x1b[A", "\x1b[B", "\x0e", "\x1b[B", "\x1b[B"].map((key, i) => {
    if (i === 0) type("beg");
    return type(key).line;
  });
  expect(lines).toEqual(["log", "memmap", "mem", "mem", "memmap", "log", "beg", "beg"]);
  expect(terminal(machine.serialTake()).rows.at(-1)).toBe("beg");
});

test("a line from the history can be edited, and the history keeps what it was", () => {
  type("walk 0x1000\r");
  lineStart();
  expect(type("\x1b[A\x7f8\r")).toEqual({ end: LINE.READY, line: "walk 0x1008" });
  lineStart();
  expect(type("\x1b[A\x1b[A").line).toBe("walk 0x1000");
});

test("the history holds its last lines, neither empty ones nor one twice in a row", () => {
  for (let i = 0; i < HISTORY_LINES + 5; i++) {
    for (const line of [`line ${i}`, `line ${i}`, ""]) {
      type(`${line}\r`);
      lineStart();
    }
  }
  const seen = Array.from({ length: HISTORY_LINES + 2 }, () => type("\x1b[A").line);
  const expected = Array.from({ length: HISTORY_LINES }, (_, i) => `line ${HISTORY_LINES + 4 - i}`);
  expect(seen).toEqual([...expected, expected.at(-1), expected.at(-1)]);
});

test("a line that was too long, or given up, is not in the history", () => {
  for (const keys of ["kept\r", `${"x".repeat(LINE_MAX + 1)}\r`, "gone\x03"]) {
    type(keys);
    lineStart();
  }
  expect(type("\x1b[A").line).toBe("kept");
});

test("Tab is for whoever knows the words, who can insert and have the line shown again", () => {
  expect(type("me").line).toBe("me");
  expect(lineByte(9)).toBe(LINE.COMPLETE);
  machine.serialTake();
  lineShow();
  expect(terminal(machine.serialTake())).toEqual({ rows: ["me"], column: 2 });
});
