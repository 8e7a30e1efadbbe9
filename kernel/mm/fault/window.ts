/** The kernel's one demand-paged window: a page of it that was never touched gets a zeroed frame. */
import { fillWords } from "../../doors/machine.ts";
import { DEMAND_WINDOW, DEMAND_WINDOW_SIZE, frameBytes, NO_FRAME, pageOf, type VirtAddr } from "../../lib/addr.ts";
import { NO_MEMORY, OK } from "../../lib/status.ts";
import { kernelRoot } from "../paging/kernel-map.ts";
import { mapPage } from "../paging/map.ts";
import { PTE_GLOBAL, PTE_NO_EXECUTE, PTE_WRITABLE } from "../paging/pte.ts";
import { frameGive, frameTake } from "../phys/frames.ts";
import { kernelFrames } from "../phys/owners.ts";
import { ACCESS_EXECUTE, FAULT_FORBIDDEN, FAULT_NO_MEMORY, FAULT_NO_REGION, FAULT_REPAIRED } from "./answers.ts";

const WORDS_PER_PAGE = 512;

/**
 * A fault by the kernel at `va`, where the entry is not present. Any answer but FAULT_REPAIRED left all as it was.
 * Before the kernel's own tables stand there is no region.
 */
export function windowResolve(va: VirtAddr, access: number): number {
  if (kernelRoot() === NO_FRAME) return FAULT_NO_REGION;
  if (va < DEMAND_WINDOW || va - DEMAND_WINDOW >= DEMAND_WINDOW_SIZE) return FAULT_NO_REGION;
  if (access === ACCESS_EXECUTE) return FAULT_FORBIDDEN;

  const frame = frameTake(kernelFrames());
  if (frame === NO_FRAME) return FAULT_NO_MEMORY;
  fillWords(frameBytes(frame), 0n, WORDS_PER_PAGE); // before anybody can look
  const status = mapPage(kernelRoot(), pageOf(va), frame, PTE_WRITABLE | PTE_NO_EXECUTE | PTE_GLOBAL);
  if (status === OK) return FAULT_REPAIRED;

  frameGive(frame);
  return status === NO_MEMORY ? FAULT_NO_MEMORY : FAULT_FORBIDDEN; // mapped already: nothing to repair
}
