import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import {
  wordCount, wordIs, wordIsNumber, wordLog, wordPlain, wordPlainText, wordsAreClosed, wordsSet,
} from "../../../kernel/console/words.ts";
import { IMAGE_MAP } from "../../../kernel/lib/addr.ts";
import { numberParsed } from "../../../kernel/lib/number.ts";
import { fakeMachine, type Machine } from "../../fake/machine.ts";

const TEXT = 0x20_0000n;
let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
});
function line(text: string): void {
  machine.physPut(TEXT, Buffer.from(text, "latin1"));
  wordsSet(TEXT, text.length);
}

test("words are separated by spaces, however many", () => {
  line("  translate   0x1000 ");
  expect(wordCount()).toBe(2);
  expect(wordIs(0, "translate")).toBe(true);
  expect(wordIs(1, "0x1000")).toBe(true);
  expect(wordIs(2, "0x1000")).toBe(false);
});

test("a word is neither its beginning nor more than itself", () => {
  line("mem");
  for (const other of ["me", "memmap", "MEM", ""]) expect(wordIs(0, other)).toBe(false);
  expect(wordIs(0, "mem")).toBe(true);
});

test("a word that does not exist is no word and no number", () => {
  line("mem");
  expect([wordIs(1, "mem"), wordIsNumber(1)]).toEqual([false, false]);
  line("   ");
  expect([wordCount(), wordIs(0, "mem"), wordIsNumber(0)]).toEqual([0, false, false]);
});

test.each([
  ["0x4444_4444_0000", 0x4444_4444_0000n],
  ["v0xffffe80000001000", 0xffff_e800_0000_1000n],
  ["4096", 4096n],
  ["16M", 16n << 20n],
])("%s is a number", (text, value) => {
  line(`fault ${text}`);
  expect(wordIsNumber(1)).toBe(true);
  expect(numberParsed()).toBe(value);
});

test.each(["0x", "v", "12q", "-1", "0x1_0000_0000_0000_0000", "vv1", "v 1"])("%s is none", (text) => {
  line(`fault ${text}`);
  expect(wordIsNumber(1)).toBe(false);
});

test("a line without quotes falls into the words that splitting it gives", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ !#-&(-[\]-~]{0,60}$/), (text) => {
      line(text);
      const words = text.split(" ").filter((word) => word !== "");
      expect(wordCount()).toBe(words.length);
      machine.serialTake();
      words.forEach((_, i) => wordLog(i));
      expect(machine.serialTake()).toBe(words.join(""));
    }),
  );
});

test("of any line the words are its characters, but for the spaces between them", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~]{0,60}$/), (text) => {
      line(text);
      machine.serialTake();
      const count = wordCount();
      for (let i = 0; i < count; i++) wordLog(i);
      const said = machine.serialTake();
      if (!said.includes("...")) expect(said.replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      for (let i = 0; i < count; i++) expect(wordPlain(i)).toBeGreaterThanOrEqual(0);
    }),
  );
});

/** All words without their quotes. */
function plain(text: string): string[] {
  line(text);
  expect(wordsAreClosed()).toBe(true);
  return Array.from({ length: wordCount() }, (_, i) => {
    const count = wordPlain(i);
    return Buffer.from(machine.physGet(wordPlainText() - IMAGE_MAP, count)).toString("latin1");
  });
}
test.each([
  ["run 'a b' \"c d\"", ["run", "a b", "c d"]],
  ["a'b c'd\" e\"", ["ab cd e"]],
  ["'' \"\" x", ["", "", "x"]],
  ["'a\"b' \"c'd\"", ["a\"b", "c'd"]],
  ["a\\ b \\'c \\\\", ["a b", "'c", "\\"]],
  ["'a\\' \"b\\\"c\" \"d\\n\" \"e\\\\\"", ["a\\", "b\"c", "d\\n", "e\\"]],
  ["a\\", ["a\\"]],
])("quotes hold a word together: %s", (text, words) => {
  expect(plain(text)).toEqual(words);
});

test.each(["'", "a 'b", "\"a'", "'a' \"b", "\"a\\\""])("%s is not closed", (text) => {
  line(text);
  expect(wordsAreClosed()).toBe(false);
});

test("a word that is too long without its quotes is told", () => {
  line("x".repeat(2048));
  expect(wordPlain(0)).toBe(2048);
  line("x".repeat(2049));
  expect(wordPlain(0)).toBe(-1);
});
