/** `walk ADDR` and `fault ADDR`: what the page tables say about an address, and what a touch does. */
"compiler: cold"; // for people to read
import { loadVolatile8, readCr3 } from "../doors/machine.ts";
import { frameOf, NO_PHYS, physAddr, type VirtAddr, virtAddr } from "../lib/addr.ts";
import { numberParsed } from "../lib/number.ts";
import { logEnd, logHex, logLine, logPhys, logVirt } from "../base/log.ts";
import { ringPause, ringResume } from "../base/log-ring.ts";
import { kernelRoot } from "../mm/paging/kernel-map.ts";
import { translate } from "../mm/paging/walk.ts";
import { walkShow } from "../stats/walk.ts";
import { argumentIsNumber } from "./words.ts";

/** Writes the walk of the address in the tables that the CPU uses. */
export function walkCommand(): boolean {
  if (argumentIsNumber()) walkShow(frameOf(physAddr(readCr3())), argumentAddress());
  return true;
}

/** Comes back if the address is mapped, or in the demand-paged window and given a frame; else the kernel ends. */
export function faultCommand(): boolean {
  if (!argumentIsNumber()) return true;
  const va = argumentAddress();
  const wasMapped = translate(kernelRoot(), va) !== NO_PHYS;
  ringResume(); // what the kernel says of it is its own
  const byte = loadVolatile8(va);
  ringPause();

  logVirt(wasMapped ? "Mapped already: " : "Not mapped, and repaired: ", va);
  logPhys(" is ", translate(kernelRoot(), va));
  logEnd();
  logHex("The byte there is ", BigInt(byte));
  logLine(".");
  return true;
}

function argumentAddress(): VirtAddr {
  return virtAddr(numberParsed());
}
