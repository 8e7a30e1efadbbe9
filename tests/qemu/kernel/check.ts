/** What a scenario claims: said once if true, a panic with the claim's words if not. */
import { logEnd, logLine, logNumber, logText } from "../../../kernel/base/log.ts";
import { panic } from "../../../kernel/base/panic.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { framesFree } from "../../../kernel/mm/phys/frames.ts";
import { optionIs } from "../../../kernel/dev/boot-options.ts";
import { mmAudit } from "../../../kernel/stats/audit.ts";
import { mappingsHold } from "./mappings.ts";

let framesBefore = 0;

/** Ends the run with the claim if it does not hold; `value` is what was found. */
export function claim(holds: boolean, words: string, value: bigint = 0n): void {
  if (!holds) panic(words, value);
}

export function scenarioBegin(name: string): void {
  logText("scenario: begin ");
  logLine(name);
  framesBefore = framesFree();
}

/** Every scenario ends with the frames that it began with, and with all that memory management keeps in agreement. */
export function scenarioEnd(): void {
  logText("scenario: end");
  logNumber(" frames-before=", framesBefore);
  logNumber(" frames-after=", framesFree());
  logEnd();
  claim(framesFree() === framesBefore, "scenario: frames were lost", BigInt(framesFree()));
  claim(mmAudit() === OK, "scenario: the audit finds damage");
  if (!optionIs("scenario", "storm")) mappingsHold(); // the storm has interrupts on: it holds at its own end
}
