import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { clockInit } from "../../../kernel/arch/clock.ts";
import { unixTime, wallClockInit } from "../../../kernel/arch/wall-clock.ts";
import { FakePit, plugRtc } from "../../fake/clocks.ts";
import { fakeMachine, type Machine } from "../../fake/machine.ts";

const HOURS_24 = 2;
const BINARY = 4;

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
});

/** The registers at a time, as status B `form` has them. */
function registers(date: Date, form: number): number[] {
  const coded = (n: number): number => ((form & BINARY) !== 0 ? n : Math.trunc(n / 10) * 16 + (n % 10));
  const hour = date.getUTCHours();
  const hours = (form & HOURS_24) !== 0 ? coded(hour) : coded(hour % 12 || 12) | (hour >= 12 ? 0x80 : 0);
  const all = new Array<number>(12).fill(0);
  all[0] = coded(date.getUTCSeconds());
  all[2] = coded(date.getUTCMinutes());
  all[4] = hours;
  all[7] = coded(date.getUTCDate());
  all[8] = coded(date.getUTCMonth() + 1);
  all[9] = coded(date.getUTCFullYear() - 2000);
  all[11] = form;
  return all;
}

test("any second of this century is read right in each of the clock's four forms", () => {
  const seconds = fc.integer({ min: 946_684_800, max: 4_102_444_799 });
  fc.assert(
    fc.property(seconds, fc.constantFrom(0, HOURS_24, BINARY, HOURS_24 | BINARY), (time, form) => {
      plugRtc(machine.portPlug, registers(new Date(time * 1000), form));
      expect(wallClockInit()).toBe(true);
      expect(unixTime()).toBe(time);
    }),
    { numRuns: 500 },
  );
});

test("registers that are about to change are not read", () => {
  plugRtc(machine.portPlug, registers(new Date("2026-11-21T12:34:56Z"), HOURS_24), 1000);
  expect(wallClockInit()).toBe(true);
  expect(unixTime()).toBe(Date.UTC(2026, 10, 21, 12, 34, 56) / 1000);
});

test("a clock that says nonsense, never settles, or is not there leaves time at its beginning", () => {
  const nonsense = registers(new Date("2026-11-21T12:34:56Z"), HOURS_24);
  nonsense[8] = 0x13;
  plugRtc(machine.portPlug, nonsense);
  expect([wallClockInit(), unixTime()]).toEqual([false, 0]);
  plugRtc(machine.portPlug, registers(new Date("2026-11-21T12:34:56Z"), HOURS_24), Infinity);
  expect([wallClockInit(), unixTime()]).toEqual([false, 0]);
  expect([(machine.portPlug(0x70, 2, {}), wallClockInit()), unixTime()]).toEqual([false, 0]);
});

test("the date goes on with the TSC", () => {
  new FakePit(1e9).plug(machine.portPlug);
  clockInit();
  plugRtc(machine.portPlug, registers(new Date("2026-12-31T23:59:59Z"), HOURS_24));
  wallClockInit();
  machine.cpu.tsc += 2_000_000_000n;
  expect([1, 2]).toContain(unixTime() - Date.UTC(2026, 11, 31, 23, 59, 59) / 1000);
});
