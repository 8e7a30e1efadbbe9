/**
 * The kernel that measures: boots like the product and says what that took, measures flushes and simulated pools unless
 * the option is `scenario=boot`, and exits.
 */
import { debugExit, EXIT } from "../../../kernel/arch/debug-exit.ts";
import { logEnd, logNumber } from "../../../kernel/base/log.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import { rdtsc } from "../../../kernel/doors/machine.ts";
import { kernelStart } from "../../../kernel/main.ts";
import { flushesMeasure } from "./flushes.ts";
import { poolsMeasure } from "./pools.ts";

export { onTrap } from "../../../kernel/trap/dispatch.ts";
export { onSystemCall } from "../../../kernel/trap/system-call.ts";

export function kernelMain(magic: number, info: number): void {
  const start = rdtsc();
  kernelStart(magic, info);
  logNumber("bench: boot instructions=", Number(rdtsc() - start));
  logEnd();
  if (!optionIs("scenario", "boot")) {
    flushesMeasure();
    poolsMeasure(); // last: the machine's own frames are forgotten
  }
  debugExit(EXIT.SUCCESS);
}
