import fc from "fast-check";
import { expect, test } from "vitest";
import { textBegins } from "../../../kernel/lib/text.ts";
import { fakeMachine } from "../../fake/machine.ts";

const IMAGE_MAP = 0xffff_ffff_8000_0000n;
const PLACE = 0x13_5000n;

test("a text begins with bytes as startsWith says, and an empty one with none", () => {
  const machine = fakeMachine();
  const words = fc.string({ unit: fc.constantFrom("a", "b", "=", "z"), maxLength: 6 });
  fc.assert(
    fc.property(words, words, (text, bytes) => {
      machine.physPut(PLACE, Buffer.from(`${bytes}!`));
      expect(textBegins(text, IMAGE_MAP + PLACE, bytes.length)).toBe(text.startsWith(bytes));
    }),
  );
  expect(textBegins("", IMAGE_MAP + PLACE, 0)).toBe(true);
});
