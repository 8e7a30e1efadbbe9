/** The scenarios by name: the boot option `scenario=NAME` picks one. */
import { logLine } from "../../../kernel/base/log.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import { demandScenario } from "./demand.ts";
import { exceptionsRun } from "./exceptions.ts";
import { framesScenario } from "./frames.ts";
import { heapScenario } from "./heap.ts";
import { panicsRun } from "./panics.ts";
import { permissionsScenario } from "./permissions.ts";
import { recoveryRun } from "./recovery.ts";
import { spacesScenario } from "./spaces.ts";
import { stormScenario } from "./storm.ts";
import { trespassRun } from "./trespass.ts";

export function scenarioRun(): void {
  if (optionIs("scenario", "frames")) framesScenario();
  else if (optionIs("scenario", "heap")) heapScenario();
  else if (optionIs("scenario", "demand")) demandScenario();
  else if (optionIs("scenario", "spaces")) spacesScenario();
  else if (optionIs("scenario", "permissions")) permissionsScenario();
  else if (optionIs("scenario", "storm")) stormScenario();
  else if (!exceptionsRun() && !recoveryRun() && !trespassRun() && !panicsRun()) logLine("scenario: none of this name");
}
