/** The kernel with the scenarios compiled in: boots like the product, runs the one `scenario=` names, and exits. */
import { debugExit, EXIT } from "../../../kernel/arch/debug-exit.ts";
import { kernelStart } from "../../../kernel/main.ts";
import { panicEarly } from "./panics.ts";
import { scenarioRun } from "./scenarios.ts";

export { onTrap } from "./watch.ts";
export { onSystemCall } from "../../../kernel/trap/system-call.ts";

export function kernelMain(magic: number, info: number): void {
  panicEarly(magic, info);
  kernelStart(magic, info);
  scenarioRun();
  debugExit(EXIT.SUCCESS);
}
