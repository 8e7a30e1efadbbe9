import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { LINE, LINE_MAX, lineByte, lineLength, lineStart, lineText } from "../../../kernel/console/line.ts";
import { fakeMachine, load8, type Machine } from "../../fake/machine.ts";

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
  lineByte(0); // whatever came before, the next line feed is an Enter of its own
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

/** What a terminal shows after `output`: carriage returns, backspaces and line feeds obeyed. */
function screen(output: string): string[] {
  const rows: string[][] = [[]];
  let column = 0;
  for (const char of output) {
    if (char === "\r") column = 0;
    else if (char === "\n") rows.push([]);
    else if (char === "\b") column--;
    else if (char !== "\x07") rows.at(-1)![column++] = char;
  }
  return rows.map((row) => row.join("").trimEnd());
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

test("arrow keys, function keys and letters beyond ASCII leave nothing in the line", () => {
  expect(type("m\x1b[A\x1b[1;5Ce\x1bOP\xc3\xa9\x00\x07\tm\r")).toEqual({ end: LINE.READY, line: "mem" });
  expect(machine.serialTake()).toBe("mem\r\n");
});

test("Enter in the middle of an escape sequence still ends the line", () => {
  expect(type("mem\x1b\r").end).toBe(LINE.READY);
  lineStart();
  expect(type("mem\x1b[\r").end).toBe(LINE.READY);
});

test("whatever is typed, the line is what a simple model says, and the screen shows it", () => {
  const keys = fc.constantFrom("a", " ", "z", "abcdefgh", "\b", "\x7f", "\x15", "\x1b[D", "\xff", "\x01");
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 60 }), (typed) => {
      let kept = "";
      for (const key of typed) {
        if (/^[ -~]+$/.test(key)) kept += key;
        if (key === "\b" || key === "\x7f") kept = kept.slice(0, -1);
        if (key === "\x15") kept = "";
      }
      lineStart();
      machine.serialTake();
      const { end, line } = type(`${typed.join("")}\r`);
      expect(end).toBe(kept.length > LINE_MAX ? LINE.TOO_LONG : LINE.READY);
      expect(line).toBe(kept.slice(0, LINE_MAX));
      expect(screen(machine.serialTake())).toEqual([line.trimEnd(), ""]);
    }),
  );
});
