import { beforeEach, expect, test } from "vitest";
import { serialInit } from "../../../kernel/arch/serial.ts";
import {
  columnAddress, columnNumber, columnTenths, columnText, columnTextRight,
} from "../../../kernel/base/columns.ts";
import { fakeMachine, type Machine } from "../../fake/machine.ts";

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
  serialInit();
});

test("text and numbers fill their column", () => {
  columnText("free", 8);
  columnTextRight("KiB", 6);
  columnNumber(1234, 6);
  columnTenths(5115, 8);
  columnTenths(9, 6);
  columnAddress("p", 0x1f000n, 12);
  expect(machine.serialTake()).toBe("free       KiB  1234   511.5   0.9    p0x1f000");
});

test("what is wider than its column is written in full", () => {
  columnText("translate", 4);
  columnNumber(123456, 3);
  columnAddress("v", 0xffff_8000_0000_0000n, 4);
  expect(machine.serialTake()).toBe("translate123456v0xffff800000000000");
});
