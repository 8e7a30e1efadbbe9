import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { symbolsStart, textEnd, textStart } from "../../kernel/arch/image.ts";
import { serialInit } from "../../kernel/arch/serial.ts";
import {
  symbolFileLog, symbolFind, symbolIsInlined, symbolLine, symbolNameLog, symbolOuter,
} from "../../kernel/base/symbols.ts";
import { elfSymbols } from "../../scripts/compile/elf.ts";
import { fakeMachine } from "../fake/machine.ts";
import { ROOT } from "./machine.ts";

const IMAGE_MAP = 0xffff_ffff_8000_0000n;
const STEP = 3n; // every third byte of the code: instructions are four bytes long on average

const elf = join(ROOT, "build/kernel.elf");

/** The answers of llvm-symbolizer, each as lines `FUNCTION FILE:LINE` of TypeScript, innermost first. */
function symbolizer(addresses: readonly bigint[]): string[][] {
  const input = addresses.map((address) => `0x${address.toString(16)}\n`).join("");
  const flags = ["--functions=short", "--no-demangle", `--obj=${elf}`];
  const said = execFileSync("llvm-symbolizer-14", flags, { input, encoding: "latin1", maxBuffer: 1 << 28 });
  return said.trimEnd().split("\n\n").map((answer) => {
    const lines = answer.split("\n").filter((_, i) => i % 2 === 0);
    const places = answer.split("\n").filter((_, i) => i % 2 === 1);
    return lines.flatMap((name, i) => {
      const [, file, line] = /^.*?\/((?:kernel|tests)\/.*\.ts):(\d+):\d+$/.exec(places[i]!) ?? [];
      return file === undefined ? [] : [`${name.replace(/_\d+$/, "")} ${file}:${line}`];
    });
  });
}

test("the kernel's own table tells of its code what the debug information does, wherever that tells one line", () => {
  const symbols = elfSymbols(elf);
  const [start, end] = [symbols.get("text_start")!, symbols.get("text_end")!];
  const machine = fakeMachine();
  serialInit();
  expect(end - start).toBeLessThanOrEqual(textEnd() - textStart()); // the fake image has room for it
  machine.physPut(symbolsStart() - IMAGE_MAP, readFileSync(join(ROOT, "build/kernel.symbols")));

  const addresses: bigint[] = [];
  for (let address = start; address < end; address += STEP) addresses.push(address);
  const truth = symbolizer(addresses);
  let compared = 0;
  let differing = 0; // an inlined function's ranges may end in the middle of a line's code: that has the same line
  addresses.forEach((address, i) => {
    const expected = truth[i]!;
    if (expected.length === 0 || expected.some((place) => place.endsWith(":0"))) return;
    const chain: string[] = [];
    if (symbolFind(textStart() + (address - start))) {
      do {
        machine.serialTake();
        symbolNameLog();
        const name = machine.serialTake();
        symbolFileLog();
        chain.push(`${name} ${machine.serialTake()}:${symbolLine()}`);
      } while (symbolIsInlined() && symbolOuter());
    }
    compared++;
    if (chain.join() === expected.join()) return;
    const lineOf = (place: string | undefined) => place?.split(" ")[1];
    if (lineOf(chain[0]) !== lineOf(expected[0])) expect({ address, chain }).toEqual({ address, chain: expected });
    differing++;
  });
  expect(compared).toBeGreaterThan(addresses.length / 2);
  expect(differing).toBeLessThan(compared / 100);
});

test("every function sets up rbp before it does anything else: a backtrace misses no caller, wherever the trap", () => {
  const symbols = elfSymbols(elf);
  const file = readFileSync(elf);
  const { functions } = JSON.parse(readFileSync(join(ROOT, "build/kernel.json"), "utf8")) as {
    functions: { symbol: string }[];
  };
  const native = functions.filter(({ symbol }) => symbols.has(symbol));
  expect(native.length).toBeGreaterThan(100); // the others are inlined wherever they are called
  const PUSH_RBP_MOV_RBP_RSP = "554889e5";
  for (const { symbol } of native) {
    const at = fileOffset(file, symbols.get(symbol)!);
    expect(`${symbol} ${file.toString("hex", at, at + 4)}`).toBe(`${symbol} ${PUSH_RBP_MOV_RBP_RSP}`);
  }
});

/** By the program headers: System V gABI, "Program Header". */
function fileOffset(file: Buffer, address: bigint): number {
  const headers = Number(file.readBigUInt64LE(32));
  for (let i = 0; i < file.readUInt16LE(56); i++) {
    const header = headers + i * 56;
    const start = file.readBigUInt64LE(header + 16);
    const inside = address - start;
    if (inside >= 0n && inside < file.readBigUInt64LE(header + 32)) {
      return Number(file.readBigUInt64LE(header + 8) + inside);
    }
  }
  throw new Error(`nothing is loaded at ${address}`);
}

test("the table says of each function's code what it says in the ELF file: nothing moved when it was linked in", () => {
  const symbols = elfSymbols(elf);
  expect(symbols.get("symbols_start")! % 8n).toBe(0n);
  expect(symbols.get("symbols_start")!).toBeGreaterThan(symbols.get("fixups_end")! - 1n);
  const table = readFileSync(join(ROOT, "build/kernel.symbols"));
  expect(BigInt(table.readUInt32LE(4))).toBe(symbols.get("text_end")! - symbols.get("text_start")!);
});
