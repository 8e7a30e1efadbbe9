import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { directMap, physAddr } from "../../../kernel/lib/addr.ts";
import { NO_PROCESS } from "../../../kernel/proc/process.ts";
import { NEVER, NO_TIMER, TIMER, timerFirst, timersInit, timerStart, timerStop } from "../../../kernel/proc/timers.ts";
import { fakeMachine } from "../../fake/machine.ts";

const COUNT = 8;
const at = (i: number): bigint => directMap(physAddr(0x20_0000n)) + BigInt(i * TIMER.SIZE);

beforeEach(() => {
  fakeMachine();
  timersInit();
  for (let i = 0; i < COUNT; i++) TIMER.setDeadline(at(i), 0n);
});

function running(): number[] {
  const found: number[] = [];
  for (let timer = timerFirst(); timer !== NO_TIMER; timer = TIMER.next(timer)) {
    found.push(Number(timer - at(0)) / TIMER.SIZE);
  }
  return found;
}

test("the one that is due next is first, and those of one moment keep the order of their start", () => {
  for (const [i, deadline] of [[0, 5n], [1, 3n], [2, NEVER], [3, 3n], [4, 1n]] as const) {
    timerStart(at(i), NO_PROCESS, deadline);
  }
  expect(running()).toEqual([4, 1, 3, 0, 2]);
});

test("what has stopped is none, stopping it again is nothing, and starting it again moves it", () => {
  for (let i = 0; i < 4; i++) timerStart(at(i), NO_PROCESS, BigInt(i + 1));
  timerStop(at(0));
  timerStop(at(2));
  timerStop(at(2));
  expect(running()).toEqual([1, 3]);
  timerStart(at(1), NO_PROCESS, 9n);
  expect(running()).toEqual([3, 1]);
});

test("whatever is started and stopped, the list is what a list that is sorted each time would be", () => {
  const steps = fc.array(fc.tuple(fc.nat(COUNT - 1), fc.option(fc.bigInt(1n, 6n))), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (all) => {
      timersInit();
      for (let i = 0; i < COUNT; i++) TIMER.setDeadline(at(i), 0n);
      let model: [number, bigint][] = [];
      for (const [i, deadline] of all) {
        model = model.filter(([other]) => other !== i);
        if (deadline === null) timerStop(at(i));
        else {
          timerStart(at(i), NO_PROCESS, deadline);
          model.push([i, deadline]);
        }
        model.sort(([, a], [, b]) => Number(a - b)); // it is stable
        expect(running()).toEqual(model.map(([other]) => other));
      }
    }),
  );
});
