/** The scenarios by name: the boot option `scenario=NAME` picks one. */
import { logLine } from "../../../kernel/base/log.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import { demandScenario } from "./demand.ts";
import { framesScenario } from "./frames.ts";
import { heapScenario } from "./heap.ts";
import { trespassRun } from "./trespass.ts";

export function scenarioRun(): void {
  if (optionIs("scenario", "frames")) framesScenario();
  else if (optionIs("scenario", "heap")) heapScenario();
  else if (optionIs("scenario", "demand")) demandScenario();
  else if (!trespassRun()) logLine("scenario: none of this name");
}
