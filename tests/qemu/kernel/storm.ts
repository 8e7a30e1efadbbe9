/** Interrupts at every moment: what the kernel does with interrupts off must survive them all the same. */
import { ticksStart } from "../../../kernel/arch/clock.ts";
import { IRQ } from "../../../kernel/arch/interrupts.ts";
import { irqsOn, irqsSpurious } from "../../../kernel/base/counters.ts";
import { logEnd, logNumber, logText } from "../../../kernel/base/log.ts";
import { interruptsOff, interruptsOn } from "../../../kernel/doors/machine.ts";
import { demandScenario } from "./demand.ts";
import { claim } from "./check.ts";
import { framesScenario } from "./frames.ts";
import { mappingsHold } from "./mappings.ts";
import { heapScenario } from "./heap.ts";
import { spacesScenario } from "./spaces.ts";

const STORM_HZ = 20_000;

/** Each of these takes its own audit and counts its own frames. */
export function stormScenario(): void {
  const before = irqsOn(IRQ.TIMER);
  ticksStart(STORM_HZ);
  interruptsOn();
  framesScenario();
  heapScenario();
  demandScenario();
  spacesScenario();
  interruptsOff();
  const ticks = irqsOn(IRQ.TIMER) - before;
  logText("scenario: storm");
  logNumber(" ticks=", Number(ticks));
  logNumber(" spurious=", Number(irqsSpurious()));
  logEnd();
  mappingsHold();
  claim(ticks > 100n, "storm: it was none", ticks);
}
