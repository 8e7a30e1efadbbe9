import { beforeEach, expect, test } from "vitest";
import { clockHertz, clockInit, clockNow, PIT_HZ, ticksStart } from "../../../kernel/arch/clock.ts";
import { FakePit } from "../../fake/clocks.ts";
import { fakeMachine, type Machine } from "../../fake/machine.ts";

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
});

test.each([100e6, 1e9, 2.4e9, 5e9])("a TSC of %d Hz is found to a thousandth", (hertz) => {
  new FakePit(hertz).plug(machine.portPlug);
  expect(clockInit()).toBe(true);
  expect(Math.abs(Number(clockHertz()) / hertz - 1)).toBeLessThan(0.003);
});

test("a host that lets the machine wait now and then, for up to 40 ms, does not make the TSC seem faster", () => {
  const pit = new FakePit(2e9).plug(machine.portPlug);
  let looks = 0;
  pit.delay = () => (++looks % 7 === 3 ? BigInt((looks * 7919) % 40) * 2_000_000n : 1000n);
  expect(clockInit()).toBe(true);
  expect(Math.abs(Number(clockHertz()) / 2e9 - 1)).toBeLessThan(0.003);
});

test("nanoseconds go on from clockInit as the TSC does, past the 64 bits of a plain product", () => {
  new FakePit(2e9).plug(machine.portPlug);
  clockInit();
  const hertz = clockHertz();
  const start = machine.cpu.tsc;
  for (const seconds of [0n, 1n, 9n, 3600n, 86_400n * 365n * 50n]) {
    machine.cpu.tsc = start + hertz * seconds - 1000n; // rdtsc itself adds them
    expect(clockNow()).toBe(seconds * 1_000_000_000n);
  }
});

test("without a PIT there is no clock: time stands still, and nothing waits for it", () => {
  expect(clockInit()).toBe(false);
  expect([clockHertz(), clockNow()]).toEqual([0n, 0n]);
});

test("a PIT that does not count ends the wait", () => {
  let reads = 0;
  machine.portPlug(0x40, 4, { read: () => (reads++, 0xee), write: () => {} });
  expect(clockInit()).toBe(false);
  expect(reads).toBeLessThan(4 << 20);
});

test("ticks are what the PIT can divide, from 19 a second to as fast as it counts", () => {
  const pit = new FakePit(2e9).plug(machine.portPlug);
  const counts = [100, 1000, 19, 1, PIT_HZ, PIT_HZ * 2].map((rate) => {
    ticksStart(rate);
    return pit.counts(0);
  });
  expect(counts).toEqual([11931, 1193, 62799, 0x1_0000, 2, 2]);
  expect(pit.modes.at(-1)).toBe(0x34); // channel 0, both bytes, a pulse every count
});
