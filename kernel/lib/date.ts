/** The Gregorian calendar, in days since 1 January 1970. */

export const SECONDS_A_DAY = 86_400;

const DAYS_IN_400_YEARS = 146_097;
const MARCH_OF_YEAR_0 = 719_468; // days from 1 March of year 0 to 1 January 1970

/** Days from 1 January 1970 to a day of the Gregorian calendar; `month` and `day` count from 1. */
export function daysOfDate(year: number, month: number, day: number): number {
  // A year that begins in March has its leap day at the end.
  const years = month > 2 ? year : year - 1;
  const months = month > 2 ? month - 3 : month + 9;
  return daysBefore(years) + monthStart(months) + day - 1 - MARCH_OF_YEAR_0;
}

/** The date that is `days` (0 or more) after 1 January 1970: its year, its month and its day, both from 1. */
export function yearOfDays(days: number): number {
  const years = marchYear(days);
  return monthFromMarch(days) < 10 ? years : years + 1;
}
export function monthOfDays(days: number): number {
  const month = monthFromMarch(days);
  return month < 10 ? month + 3 : month - 9;
}
export function dayOfDays(days: number): number {
  return dayOfMarchYear(days) - monthStart(monthFromMarch(days)) + 1;
}

/** The year as one that begins in March. The estimate is off by one at most, on a year's last days. */
function marchYear(days: number): number {
  const since0 = days + MARCH_OF_YEAR_0;
  const year = Math.trunc((since0 * 400) / DAYS_IN_400_YEARS);
  return daysBefore(year + 1) <= since0 ? year + 1 : daysBefore(year) > since0 ? year - 1 : year;
}
/** Days from March of year 0 to March of `year`. */
function daysBefore(year: number): number {
  return year * 365 + Math.trunc(year / 4) - Math.trunc(year / 100) + Math.trunc(year / 400);
}
function dayOfMarchYear(days: number): number {
  return days + MARCH_OF_YEAR_0 - daysBefore(marchYear(days));
}
function monthFromMarch(days: number): number {
  return Math.trunc((dayOfMarchYear(days) * 5 + 2) / 153);
}
/** Days from 1 March to the first of a month that is counted from March; they have 153 days in five. */
function monthStart(month: number): number {
  return Math.trunc((month * 153 + 2) / 5);
}
