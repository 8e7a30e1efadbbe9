import { expect, test } from "vitest";
import { debugExit, EXIT } from "../../../kernel/arch/debug-exit.ts";
import { DebugExit, fakeMachine } from "../../fake/machine.ts";

test("success ends QEMU with status 33, a panic with 35", () => {
  fakeMachine();
  const status = (code: number) => {
    try {
      debugExit(code);
    } catch (end) {
      if (end instanceof DebugExit) return end.value * 2 + 1;
    }
    return "still running";
  };
  expect(status(EXIT.SUCCESS)).toBe(33);
  expect(status(EXIT.PANIC)).toBe(35);
});

test("where there is no such device, the caller goes on", () => {
  fakeMachine().portPlug(0xf4, 4, null);
  debugExit(EXIT.SUCCESS);
});
