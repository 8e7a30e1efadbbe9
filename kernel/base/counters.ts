/** What has happened how often: counters that an interrupt handler writes and everybody reads. */
import { IRQ_COUNT } from "../arch/interrupts.ts";
import { loadVolatile64, staticBytes, storeVolatile64 } from "../doors/machine.ts";

const SPURIOUS = IRQ_COUNT; // behind the lines
const irqs = staticBytes((IRQ_COUNT + 1) * 8, 8);

/** One more interrupt on `line` (0..15). */
export function irqCounted(line: number): void {
  countAt(line);
}
/** One more for which there was no reason. */
export function irqSpuriousCounted(): void {
  countAt(SPURIOUS);
}

/** Interrupts on `line` since boot. It may grow between two reads: volatile. */
export function irqsOn(line: number): bigint {
  return loadVolatile64(irqs + BigInt(line * 8));
}
export function irqsSpurious(): bigint {
  return irqsOn(SPURIOUS);
}

/** Nothing else writes them, and the handler is not interrupted: no lost updates. */
function countAt(index: number): void {
  const at = irqs + BigInt(index * 8);
  const more = loadVolatile64(at) + 1n;
  storeVolatile64(at, more);
}
