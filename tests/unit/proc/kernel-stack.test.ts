import { beforeEach, expect, test, vi } from "vitest";
import { NOWHERE, type VirtAddr } from "../../../kernel/lib/addr.ts";
import { framesFailAt } from "../../../kernel/mm/phys/freed-pattern.ts";
import { framesFree } from "../../../kernel/mm/phys/frames.ts";
import {
  kernelStackGive, kernelStacksInit, kernelStacksTrim, kernelStackTake,
} from "../../../kernel/proc/kernel-stack.ts";
import { bootPaging } from "../../fake/booted.ts";
import { load64, store64 } from "../../fake/machine.ts";

vi.mock("../../../kernel/base/checking.ts", () => ({ CHECKING: true })); // framesFailAt works

const BYTES = 16384n;
const SPARES = 4;

let free = 0;
beforeEach(() => {
  bootPaging();
  kernelStacksInit();
  free = framesFree();
});

const taken = (count: number): VirtAddr[] => Array.from({ length: count }, kernelStackTake);

test("a stack is four pages that can be written, and the page below them is not there", () => {
  const top = kernelStackTake();
  for (let at = top - BYTES; at < top; at += 8n) store64(at, at);
  expect(load64(top - BYTES)).toBe(top - BYTES);
  expect(() => load64(top - BYTES - 8n)).toThrow();
});

test("after many were out a few are kept, and trimming gives back these, too", () => {
  for (const top of taken(20)) kernelStackGive(top);
  expect(framesFree()).toBeGreaterThan(free - 4 * (SPARES + 1));
  kernelStacksTrim();
  expect(framesFree()).toBe(free);
});

test("a stack that was given back is the next that is taken", () => {
  const [first] = taken(2);
  kernelStackGive(first!);
  expect(kernelStackTake()).toBe(first);
});

test("places are used again once nothing is mapped there, and from the highest down", () => {
  const tops = taken(10);
  for (const top of tops) kernelStackGive(top);
  kernelStacksTrim();
  const again = taken(10);
  expect(again).toEqual(tops);
  for (const top of again.slice(0, SPARES)) kernelStackGive(top); // kept
  for (const top of again.slice(SPARES).reverse()) kernelStackGive(top); // gone, the highest first
  const third = taken(10);
  expect(new Set(third)).toEqual(new Set(tops));
});

test("without memory there is no stack, and nothing is kept of what was tried", () => {
  for (let k = 1; k <= 8; k++) {
    framesFailAt(k);
    const top = kernelStackTake();
    framesFailAt(0);
    if (top !== NOWHERE) {
      expect(k).toBeGreaterThan(4);
      return;
    }
    expect(framesFree()).toBe(free);
  }
  expect.unreachable("a stack takes no more than its frames and three tables");
});
