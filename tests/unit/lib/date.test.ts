import { expect, test } from "vitest";
import { dayOfDays, daysOfDate, monthOfDays, yearOfDays } from "../../../kernel/lib/date.ts";

test("days are counted as everybody counts them, leap years and all", () => {
  for (let day = Date.UTC(1970, 0, 1); day < Date.UTC(2401, 0, 1); day += 86_400_000 * 23) {
    const date = new Date(day);
    const parts = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()] as const;
    const days = day / 86_400_000;
    expect(daysOfDate(...parts)).toBe(days);
    expect([yearOfDays(days), monthOfDays(days), dayOfDays(days)]).toEqual(parts);
  }
});
