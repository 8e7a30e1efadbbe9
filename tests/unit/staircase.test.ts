import { expect, test } from "vitest";
import {
  arrowsFrom, circleIn, drawing, kernelFiles, objectionTo, ROOMS, stepOf, valueArrowsFrom,
} from "../../scripts/staircase.ts";

test("no import of the kernel goes up", () => {
  const files = kernelFiles();
  console.log(drawing(files));
  const objections = files.flatMap((file) => arrowsFrom(file)).map(objectionTo).filter((each) => each !== null);
  expect(objections).toEqual([]);
});

test("no file of the kernel imports, by whatever way, one that imports it", () => {
  expect(circleIn(kernelFiles().flatMap((file) => valueArrowsFrom(file)))).toBeNull();
});

test("a circle of imports is found, however long; two ways to one file are none", () => {
  const arrows = (...pairs: string[]) => pairs.map((pair) => ({ from: pair.charAt(0), to: pair.charAt(1) }));
  expect(circleIn(arrows("ab", "bc", "cb"))).toEqual(["b", "c", "b"]);
  expect(circleIn(arrows("ab", "bc", "cd", "da"))).toEqual(["a", "b", "c", "d", "a"]);
  expect(circleIn(arrows("aa"))).toEqual(["a", "a"]);
  expect(circleIn(arrows("ab", "ac", "bd", "cd"))).toBeNull();
});

test("every kernel file is in a room", () => {
  expect(kernelFiles().filter((file) => stepOf(file) === null)).toEqual([]);
});

test("an import that goes up is objected to, one that goes down or stays is not", () => {
  expect(objectionTo({ from: "lib/addr.ts", to: "mm/phys/frames.ts" })).toMatch(/lib\/addr.ts imports .* higher/);
  expect(objectionTo({ from: "mm/phys/frames.ts", to: "main.ts" })).toMatch(/higher/);
  expect(objectionTo({ from: "mm/phys/frames.ts", to: "mm/phys/memory-map.ts" })).toBeNull();
  expect(objectionTo({ from: "trap/fatal.ts", to: "lib/addr.ts" })).toBeNull();
});

test("an import from outside the kernel is objected to", () => {
  expect(objectionTo({ from: "lib/addr.ts", to: "../scripts/staircase.ts" })).toMatch(/in no room/);
  expect(objectionTo({ from: "lib/addr.ts", to: "lib/deep/addr.ts" })).toMatch(/in no room/);
});

test("imports, re-exports and imports of types are arrows", () => {
  const text = `import { a } from "../lib/a.ts"; export { b } from "./b.ts"; import type { C } from "../trap/c.ts";`;
  expect(arrowsFrom("arch/x.ts", text).map(({ to }) => to)).toEqual(["lib/a.ts", "arch/b.ts", "trap/c.ts"]);
});

test("imports of types alone make no circle", () => {
  const text = `import type { C } from "./c.ts";\nimport { a, type B } from "./b.ts";`;
  expect(valueArrowsFrom("arch/x.ts", text).map(({ to }) => to)).toEqual(["arch/b.ts"]);
});

test("no room is on two steps", () => {
  expect(new Set(ROOMS).size).toBe(ROOMS.length);
});
