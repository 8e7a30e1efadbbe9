/** The kernel that measures: boots like the product, then measures simulated pools, and exits. */
import { debugExit, EXIT } from "../../../kernel/arch/debug-exit.ts";
import { kernelStart } from "../../../kernel/main.ts";
import { poolsMeasure } from "./pools.ts";

export { onTrap } from "../../../kernel/trap/dispatch.ts";

export function kernelMain(magic: number, info: number): void {
  kernelStart(magic, info);
  poolsMeasure(); // last: the machine's own frames are forgotten
  debugExit(EXIT.SUCCESS);
}
