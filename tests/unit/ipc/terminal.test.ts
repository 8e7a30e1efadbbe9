import { beforeEach, describe, expect, test } from "vitest";
import {
  TERMIOS, terminalBytes, terminalInit, terminalIsReadable, terminalRead, terminalSet, terminalSettings, terminalType,
  TYPED,
} from "../../../kernel/ipc/terminal.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { staticBytes } from "../../../kernel/doors/machine.ts";
import { BAD_ADDRESS, WOULD_BLOCK } from "../../../kernel/lib/status.ts";
import { copyBytes } from "../../fake/machine.ts";
import { bootProgram, CONSTANT, PROGRAM, programGet, type ProgramMachine } from "../../fake/program.ts";

const settings = staticBytes(TERMIOS.SIZE, 8);
const [SIGNALS, CANONICAL, ECHO] = [1, 2, 8];
let program: ProgramMachine;
beforeEach(() => {
  program = bootProgram();
  serialInit();
  terminalInit(0);
});

/** Types each character; what the last one did. */
function type(keys: string): number {
  let did = TYPED.NOTHING as number;
  for (const byte of Buffer.from(keys, "latin1")) did = terminalType(byte);
  return did;
}
function read(count = 4096): string | number {
  const done = terminalRead(PROGRAM, count);
  return done < 0 ? done : Buffer.from(programGet(program, PROGRAM, done)).toString("latin1");
}
const shown = (): string => program.machine.serialTake().replaceAll("\r\n", "\n");
function local(off: number): void {
  copyBytes(settings, terminalSettings(), TERMIOS.SIZE);
  TERMIOS.setLocal(settings, TERMIOS.local(settings) & ~off);
  terminalSet(settings);
}

test("a line is there when it has ended, and is read by itself", () => {
  expect([type("ab"), terminalIsReadable(), read()]).toEqual([TYPED.NOTHING, false, WOULD_BLOCK]);
  expect([type("c\r"), type("d\n"), terminalBytes()]).toEqual([TYPED.READABLE, TYPED.READABLE, 6]);
  expect([read(), read(1), read(), read()]).toEqual(["abc\n", "d", "\n", WOULD_BLOCK]);
  expect(shown()).toBe("abc\nd\n");
});

test("what is erased or killed is not read, and is taken from the screen", () => {
  type("abc\x7f\x08d");
  expect(shown()).toBe("abc\b \b\b \bd");
  type("\x15\x7f");
  expect(shown()).toBe("\b \b\b \b");
  type("x\x01\x7f\r");
  expect([shown(), read()]).toEqual(["x^A\b \b\b \b\n", "x\n"]);
});

test("Ctrl-D ends the file, or a line without an end of its own", () => {
  type("\x04ab\x04\x04c\r");
  expect([read(), read(), read(), read(), read()]).toEqual(["", "ab", "", "c\n", WOULD_BLOCK]);
  type("ab\x04");
  expect([read(2), read()]).toEqual(["ab", WOULD_BLOCK]);
});

test("Ctrl-C is for who runs, and takes with it what was not read", () => {
  type("old\rab");
  shown();
  expect([type("\x03"), shown(), read()]).toEqual([TYPED.INTERRUPT, "^C\n", WOULD_BLOCK]);
  expect([type("new\r"), read()]).toEqual([TYPED.READABLE, "new\n"]);
});

test("Ctrl-\\ is for who runs, whatever that has set", () => {
  expect(type("a\x1c")).toBe(TYPED.KILL);
  local(SIGNALS | CANONICAL);
  expect([type("\x1c"), type("\x03")]).toEqual([TYPED.KILL, TYPED.READABLE]);
});

describe("as a program sets it", () => {
  test("without lines each byte is there at once, also what was typed before", () => {
    type("ab");
    local(CANONICAL);
    expect([read(), type("\x7f"), type("c\rd"), read()]).toEqual(["ab", TYPED.READABLE, TYPED.READABLE, "\x7fc\nd"]);
  });
  test("without echo nothing is shown, without signals Ctrl-C is a byte", () => {
    local(ECHO | SIGNALS);
    type("a\x7fb\x03\r");
    expect([shown(), read()]).toEqual(["", "b\x03\n"]);
  });
  test("a carriage return may stay one", () => {
    copyBytes(settings, terminalSettings(), TERMIOS.SIZE);
    TERMIOS.setInput(settings, 0);
    terminalSet(settings);
    type("a\r\n");
    expect(read()).toBe("a\r\n");
  });
});

test("what does not fit is not taken, and the end of the line always fits", () => {
  type("a".repeat(5000));
  expect([type("\r"), terminalBytes()]).toEqual([TYPED.READABLE, 4096]);
  expect([type("b\r"), type("\x04")]).toEqual([TYPED.NOTHING, TYPED.NOTHING]);
  expect(read()).toBe(`${"a".repeat(4095)}\n`);
  type("c".repeat(3000) + "\r" + "d".repeat(3000) + "\r");
  expect([read(), read()]).toEqual([`${"c".repeat(3000)}\n`, `${"d".repeat(1094)}\n`]);
  local(CANONICAL);
  type("e".repeat(5000));
  expect(read(9999)).toBe("e".repeat(4096));
});

const BAD = [CONSTANT, 0n, 0x4444_4444_0000n, 0xffff_8000_0000_0000n];
test.each(BAD)("where it cannot be written, nothing is lost", (at) => {
  type("ab\r");
  expect(terminalRead(at, 10)).toBe(BAD_ADDRESS);
  expect(read()).toBe("ab\n");
});
