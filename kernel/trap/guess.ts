/** What an address that could not be used most likely was: a question for the person who reads the report. */
"compiler: cold"; // for people to read
import { stackGuard, stackGuardCount, textEnd, textStart } from "../arch/image.ts";
import { logLine } from "../base/log.ts";
import { isCanonical, PAGE_SIZE } from "../lib/addr.ts";

/** One line of the report, or nothing when `address` is like no known mistake. */
export function guessLog(address: bigint): void {
  if (address < PAGE_SIZE) logLine("  guess    null pointer?");
  else if (isUnderStack(address)) logLine("  guess    stack overflow?");
  else if (!isCanonical(address)) logLine("  guess    a number used as a pointer, or a pointer written over?");
  else if (address >= textStart() && address < textEnd()) logLine("  guess    a write through a pointer to code?");
}

/** In one of the pages that are never mapped, each just under a stack? */
function isUnderStack(address: bigint): boolean {
  for (let i = 0; i < stackGuardCount(); i++) {
    const guard = stackGuard(i);
    if (address >= guard && address < guard + PAGE_SIZE) return true;
  }
  return false;
}
