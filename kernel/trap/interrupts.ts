/**
 * Interrupts from devices. A handler allocates nothing, logs nothing, and touches only counters and queues of its own:
 * it may come in any window that the kernel opens, and the window's code must not see it.
 */
import { irqEnd, irqIsSpurious, IRQ, IRQ_COUNT, IRQ_VECTOR } from "../arch/interrupts.ts";
import { serialReceive } from "../arch/serial.ts";
import { kernelAsks, scheduleTick } from "../proc/schedule.ts";
import { irqCounted, irqSpuriousCounted } from "../base/counters.ts";

/** Is `vector` one of the interrupt controllers'? */
export function isInterrupt(vector: number): boolean {
  return vector >= IRQ_VECTOR && vector < IRQ_VECTOR + IRQ_COUNT;
}

/** Serves it and returns; interrupts are off meanwhile. A line that nobody owns is only counted. */
export function onInterrupt(vector: number): void {
  const line = vector - IRQ_VECTOR;
  if (irqIsSpurious(line)) {
    irqSpuriousCounted();
    return;
  }
  irqCounted(line);
  if (line === IRQ.SERIAL) {
    serialReceive();
    kernelAsks();
  }
  if (line === IRQ.TIMER) scheduleTick();
  irqEnd(line);
}
