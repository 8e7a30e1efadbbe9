import { expect, test } from "vitest";
import { Op } from "../../scripts/compile/opcodes.ts";
import { peephole } from "../../scripts/compile/peephole.ts";
import type { Op64 } from "../../scripts/compile/slots.ts";

const get = (local: number): Op64 => ({ op: Op.localGet, value: local });
const set = (local: number): Op64 => ({ op: Op.localSet, value: local });
const number = (value: bigint): Op64 => ({ op: Op.i64Const, value });
const plain = (op: number): Op64 => ({ op });

test("a comparison that is widened and tested again is the comparison", () => {
  const code = [get(0), get(1), plain(Op.i64LtS), plain(Op.i64ExtendI32U), number(0n), plain(Op.i64Ne)];
  expect(peephole(code)).toEqual([get(0), get(1), plain(Op.i64LtS)]);
});

test("a word that is not a truth keeps its test", () => {
  const code = [get(0), plain(Op.i32WrapI64), plain(Op.i64ExtendI32S), number(0n), plain(Op.i64Ne)];
  expect(peephole(code)).toEqual(code);
});

test("extending and wrapping again is nothing", () => {
  const code = [get(0), plain(Op.i32WrapI64), plain(Op.i64ExtendI32S), plain(Op.i32WrapI64), plain(Op.i64ExtendI32U)];
  expect(peephole(code)).toEqual([get(0), plain(Op.i32WrapI64), plain(Op.i64ExtendI32U)]);
});

test("wrapping and extending is kept: it cuts to 32 bits", () => {
  const code = [get(0), plain(Op.i32WrapI64), plain(Op.i64ExtendI32S)];
  expect(peephole(code)).toEqual(code);
});

test("a local that nobody reads is not written, and its value not computed when that has no effect", () => {
  expect(peephole([number(5n), set(3), get(0)])).toEqual([get(0)]);
  expect(peephole([plain(Op.i64DivS), set(3), get(0)])).toEqual([plain(Op.i64DivS), plain(Op.drop), get(0)]);
});

test("set and get of one local is tee, and stays set where another local is read", () => {
  expect(peephole([set(1), get(1), get(1)])).toEqual([{ op: Op.localTee, value: 1 }, get(1)]);
  expect(peephole([set(1), get(2), get(1)])).toEqual([set(1), get(2), get(1)]);
});

test("a function does not end with return", () => {
  expect(peephole([get(0), plain(Op.return)])).toEqual([get(0)]);
});
