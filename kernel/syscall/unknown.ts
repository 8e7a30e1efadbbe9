/** System calls that this kernel does not have: each is said once. */
"compiler: cold"; // once a call
import { logEnd, logNumber, logText } from "../base/log.ts";
import { load64, staticBytes, store64 } from "../doors/machine.ts";

const WORDS = 8;
const said = staticBytes(WORDS * 8, 8);

export function unknownLog(number: number): void {
  if (number < 0 || number >= WORDS * 64) return;
  const at = said + BigInt(Math.trunc(number / 64) * 8);
  const bit = 1n << BigInt(number % 64);
  if ((load64(at) & bit) !== 0n) return;
  store64(at, load64(at) | bit);
  logText("syscall: not here:");
  logNumber(" number=", number);
  logEnd();
}
