import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { logLine, logNumber, logText } from "../../../kernel/base/log.ts";
import { columnText } from "../../../kernel/base/columns.ts";
import { RING_BYTES, ringInit, ringPause, ringResume, ringPut, ringShow } from "../../../kernel/base/log-ring.ts";
import { fakeMachine, type Machine } from "../../fake/machine.ts";

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
  ringInit();
});
function shown(count: number): string {
  machine.serialTake();
  ringShow(count);
  return machine.serialTake().replaceAll("\r\n", "\n");
}

test("the last lines are written again, in their order, and not logged by that", () => {
  for (const line of ["one", "two", "three"]) logLine(line);
  expect(shown(2)).toBe("two\nthree\n");
  expect(shown(2)).toBe("two\nthree\n");
  expect(shown(100)).toBe("one\ntwo\nthree\n");
  expect(shown(0)).toBe("");
});

test("nothing was said: nothing is shown", () => {
  expect(shown(5)).toBe("");
});

test("a line that has not ended is the last one, and ends", () => {
  logLine("whole");
  logText("half");
  logNumber(" n=", 5);
  columnText(" in a table", 12);
  expect(shown(1)).toBe("half n=5 in a table \n");
});

test("what is said while nothing is kept does not push anything out", () => {
  logLine("before");
  ringPause();
  logLine("the report");
  ringResume();
  logLine("after");
  expect(shown(9)).toBe("before\nafter\n");
});

test("a line that was open when keeping stopped ends there", () => {
  logText("half");
  ringPause();
  logLine(" of it");
  ringResume();
  logLine("after");
  expect(shown(9)).toBe("half\nafter\n");
});

test("of what was overwritten no half line is left, however long the lines", () => {
  const line = fc.stringMatching(/^[ -~]{0,200}$/);
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 300, size: "max" }), fc.nat(400), (lines, count) => {
      ringInit();
      for (const byte of Buffer.from(lines.map((words) => `${words}\n`).join(""))) ringPut(byte);
      const said = shown(count).split("\n").slice(0, -1);
      expect(said).toEqual(said.length === 0 ? [] : lines.slice(-said.length));
      const bytes = lines.slice(-said.length - 1).reduce((sum, words) => sum + words.length + 1, 0);
      if (said.length < Math.min(count, lines.length)) expect(bytes).toBeGreaterThan(RING_BYTES - 1);
    }),
    { numRuns: 60 },
  );
});

test("a line longer than the ring leaves nothing whole", () => {
  logLine("x".repeat(RING_BYTES + 100));
  expect(shown(1)).toBe("");
  logLine("next");
  expect(shown(2)).toBe("next\n");
});
