import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { bootInfoClear, commandLineAdd } from "../../../kernel/dev/boot-info.ts";
import {
  option, optionIs, optionNumber, optionsCheck, optionText, optionTextLength,
} from "../../../kernel/dev/boot-options.ts";
import { directMap, physAddr } from "../../../kernel/lib/addr.ts";
import type { Machine } from "../../fake/machine.ts";
import { logTake, loggingMachine, textAt } from "./record.ts";

let machine: Machine;

beforeEach(() => {
  machine = loggingMachine();
  bootInfoClear();
});

function commandLineIs(words: string): void {
  machine.physPut(0x40_0000n, Buffer.from(words, "latin1"));
  bootInfoClear();
  commandLineAdd(directMap(physAddr(0x40_0000n)), words.length);
}

/** The text of the option `key`, or null if there is none. */
function textOf(key: string): string | null {
  return option(key) ? textAt(machine, optionText(), optionTextLength()) : null;
}

test.each<[string, string, string | null]>([
  ["", "a", null],
  ["a=1", "a", "1"],
  ["a", "a", ""],
  ["a=", "a", ""],
  ["ab=1", "a", null],
  ["a=1", "ab", null],
  ["ba=1 a", "ba", "1"],
  ["  \t a=1 \t", "a", "1"],
  ["x=a=1", "a", null],
  ["a==1", "a", "=1"],
  ["a=1 a=2", "a", "2"],
  ["a=1 a", "a", ""],
  ["heap.size=4M panic=exit", "heap.size", "4M"],
  ["heap.sizes heap", "heap.size", null],
])("in '%s' the option %s is %j", (line, key, value) => {
  commandLineIs(line);
  expect(textOf(key)).toBe(value);
});

test("after a question for an option that is not there, the text is empty", () => {
  commandLineIs("a=1");
  option("a");
  option("b");
  expect(optionTextLength()).toBe(0);
});

test("an option is compared with the whole of a word", () => {
  commandLineIs("panic=exit halt=exits stop");
  expect([optionIs("panic", "exit"), optionIs("halt", "exit"), optionIs("stop", "exit")]).toEqual([true, false, false]);
  expect([optionIs("stop", ""), optionIs("panic", ""), optionIs("none", "")]).toEqual([true, false, false]);
});

test("a number is read, the default stands in for an option not given", () => {
  commandLineIs("heap.size=16M heap.base=0x5555_0000_0000");
  expect(optionNumber("heap.size", 1n)).toBe(16n << 20n);
  expect(optionNumber("heap.base", 1n)).toBe(0x5555_0000_0000n);
  expect(optionNumber("heap.max", 7n)).toBe(7n);
  expect(logTake(machine)).toBe("");
});

test("a line feed ends a word as a space does: options may come from a file", () => {
  commandLineIs("heap.size=2M\r\nheap.base=4096\n");
  expect(optionNumber("heap.size", 1n)).toBe(2n << 20n);
  expect(optionNumber("heap.base", 1n)).toBe(4096n);
});

test("the default stands in for nonsense too, and a line says so", () => {
  commandLineIs("heap.size=lots\x7f");
  expect(optionNumber("heap.size", 7n)).toBe(7n);
  expect(logTake(machine)).toBe("dev: option is no number, the default is used: heap.size=lots?\n");
});

test.each([
  ["heap.size=2M panic=exit  scenario=heap heap.base=0x500000000000", ""],
  ["heapsize=2M panic=exit", "dev: boot option unknown: heapsize=2M\n"],
  ["heap.sizes x=\x1b[2J panic", "dev: boot option unknown: heap.sizes, and so are more: 2\n"],
  ["x".repeat(200), `dev: boot option unknown: ${"x".repeat(21)}...\n`],
  ["", ""],
])("a word that nobody asks for gets a line: %s", (line, said) => {
  commandLineIs(line);
  logTake(machine);
  optionsCheck();
  expect(logTake(machine)).toBe(said);
});

test("kernel/README.md has every option that is known, and no other but those of tests", () => {
  const source = readFileSync(new URL("../../../kernel/dev/boot-options.ts", import.meta.url), "utf8");
  const known = [...source.matchAll(/keyMatches\("([a-z.]+)", at, end\)/g)].map(([, key]) => key);
  const table = readFileSync(new URL("../../../kernel/README.md", import.meta.url), "utf8");
  const told = [...table.matchAll(/^\| `([a-z.]+)=\w*` \|/gm)].map(([, key]) => key);
  expect(known.filter((key) => key !== "scenario").sort()).toEqual(told.sort());
});
