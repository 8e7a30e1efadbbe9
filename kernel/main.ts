/** From the loader to the prompt: the order in which the kernel's rooms come up, and why in that order. */
import {
  cpuInit,
  hasGigabytePages,
  hasGlobalPages,
  hasNx,
  hasPat,
  hasSmap,
  hasSmep,
  hasUmip,
  physicalAddressBits,
} from "./arch/cpu.ts";
import { clockHertz, clockInit, TICKS_HZ, ticksStart } from "./arch/clock.ts";
import { descriptorsInit } from "./arch/descriptors.ts";
import { interruptsInit, IRQ, irqOpen } from "./arch/interrupts.ts";
import { serialInit, serialInterrupt } from "./arch/serial.ts";
import { userModeInit } from "./arch/user-mode.ts";
import { VGA_TEXT, VGA_TEXT_BYTES, vgaTextPlace } from "./arch/vga-text.ts";
import { unixTime, wallClockInit } from "./arch/wall-clock.ts";
import { logEnd, logLine, logNumber, logPhys, logText, logVirt } from "./base/log.ts";
import { panic } from "./base/panic.ts";
import { refuse } from "./base/refuse.ts";
import { consoleRun } from "./console/console.ts";
import { ACPI_HEADER_BYTES, acpiLog, acpiRootBytes } from "./dev/acpi-tables.ts";
import { acpiRoot } from "./dev/boot-info.ts";
import { optionIs } from "./dev/boot-options.ts";
import { bootInfoRead } from "./dev/boot-read.ts";
import { pipesInit } from "./ipc/pipe.ts";
import { segmentsInit } from "./ipc/shared-memory.ts";
import { terminalInit } from "./ipc/terminal.ts";
import { loadVolatile64, storeVolatile64 } from "./doors/machine.ts";
import { DEMAND_WINDOW, frameOf, NOWHERE, physAddr } from "./lib/addr.ts";
import { OK } from "./lib/status.ts";
import { HEAP_FRAMES_LEAST, heapBoot } from "./mm/heap/heap-boot.ts";
import { frameWindowBuild } from "./mm/paging/frame-window.ts";
import { kernelMapBuild, kernelMapSwitch, kernelRoot } from "./mm/paging/kernel-map.ts";
import { flushNow } from "./mm/paging/flush.ts";
import { unmapPage } from "./mm/paging/unmap.ts";
import { translate } from "./mm/paging/walk.ts";
import { deviceAt, firmwareAt, firmwareMap, screenMap } from "./mm/paging/windows.ts";
import { framesBoot, reservationGive } from "./mm/phys/frames-boot.ts";
import { frameGive, framesFree } from "./mm/phys/frames.ts";
import { memoryMapBuild, usableBytes } from "./mm/phys/memory-map.ts";
import { REGION_BOOT } from "./mm/phys/regions.ts";
import { spacesInit } from "./mm/space/space.ts";
import { zeroPageInit } from "./mm/space/zero-page.ts";
import { filesInit } from "./proc/files.ts";
import { kernelStacksInit } from "./proc/kernel-stack.ts";
import { processesInit } from "./proc/process.ts";
import { scheduleInit } from "./proc/schedule.ts";
import { fatalInit } from "./trap/fatal.ts";

export { onTrap } from "./trap/dispatch.ts";
export { onSystemCall } from "./trap/system-call.ts";

/** Below this much usable memory the kernel does not start: its tables and the default heap need most of it. */
const MINIMUM_MEMORY = 4n * 1024n * 1024n;

/**
 * Called once by boot/start.asm on the boot stack, interrupts off, over the boot page tables.
 * `magic` says which door the loader used, `info` is the physical address of what it left for us.
 */
export function kernelMain(magic: number, info: number): void {
  kernelStart(magic, info);
  consoleRun();
}

/** Everything up to the prompt. Refuses the machine, or comes back with memory managed. */
export function kernelStart(magic: number, info: number): void {
  serialInit(); // first: until then a failure would be silent
  logLine("boot: Palimpsest, a kernel in TypeScript");
  descriptorsInit(); // from here on a mistake is a report instead of a reset
  cpuInit(); // protections on before there is anything to protect
  cpuLog();
  interruptsInit(); // out of the exceptions' way; every line is closed
  clockStart(); // before anything that takes long
  if (bootInfoRead(magic, info) !== OK) refuse("its loader's information is unusable");
  fatalInit(optionIs("panic", "exit"));

  if (memoryMapBuild() !== OK) refuse("no memory is usable");
  if (usableBytes() < MINIMUM_MEMORY) refuse("less than 4 MiB of memory is usable");
  if (frameWindowBuild() !== OK) refuse("there is no room for the frame records"); // before the first frame is taken
  if (framesBoot() !== OK) refuse("there is no room for the frame bitmap");
  if (kernelMapBuild() !== OK) refuse("there is no room for the page tables");
  if (framesFree() < HEAP_FRAMES_LEAST) refuse("there is no room for the heap");
  kernelMapSwitch(); // past this point the machine is not refused: what follows cannot fail for lack of memory
  screenPlace(); // where a report says that there is one
  bootPartGive(); // the boot tables were in it: not before the switch
  if (heapBoot() !== OK) panic("kernel fault: no more available memory for the heap", BigInt(framesFree()));
  spacesInit(); // after the heap: its slot is in every space
  firmwareTablesLook();
  if (zeroPageInit() !== OK) panic("kernel fault: no more available memory for the zero page", BigInt(framesFree()));
  processesStart();
  demandPageProve();
  serialInterrupt(); // last: nothing is let in before the prompt waits
  logText("boot: up");
  logNumber(" frames-free=", framesFree());
  logEnd();
}

/** Nobody runs yet. Pure bookkeeping: it takes no memory. */
function processesStart(): void {
  userModeInit();
  kernelStacksInit();
  pipesInit();
  segmentsInit();
  terminalInit(0);
  filesInit();
  processesInit();
  scheduleInit();
}

/** The clock, the date, and TICKS_HZ interrupts a second from the timer. A machine without them runs all the same. */
function clockStart(): void {
  const hasClock = clockInit();
  const hasDate = wallClockInit();
  if (hasClock) {
    ticksStart(TICKS_HZ);
    irqOpen(IRQ.TIMER);
  }
  logText("arch: clock");
  if (hasClock) logNumber(" tsc-khz=", Number(clockHertz() / 1000n));
  else logText(" none");
  if (hasClock) logNumber(" ticks=", TICKS_HZ);
  if (hasDate) logNumber(" unix-time=", unixTime());
  logEnd();
}

/** What the CPU has of what memory management can use; what is on stays on. */
function cpuLog(): void {
  logText("arch: cpu");
  logText(hasNx() ? " nx" : "");
  logText(hasGlobalPages() ? " pge" : "");
  logText(hasPat() ? " pat" : "");
  logText(hasSmep() ? " smep" : "");
  logText(hasSmap() ? " smap" : "");
  logText(hasUmip() ? " umip" : "");
  logText(hasGigabytePages() ? " pdpe1gb" : "");
  logNumber(" physical-bits=", physicalAddressBits());
  logEnd();
}

/** The text screen is a device: the kernel's own tables show it in the window for those. */
function screenPlace(): void {
  const screen = physAddr(VGA_TEXT);
  vgaTextPlace(screenMap(screen, VGA_TEXT_BYTES) === OK ? deviceAt(screen) : NOWHERE);
}

/** ACPI's root table is mapped, first as far as it says how long it is, and read. A machine without one is as good. */
function firmwareTablesLook(): void {
  const root = acpiRoot();
  if (root === 0n || firmwareMap(root, ACPI_HEADER_BYTES) !== OK) return;
  const at = firmwareAt(root);
  const bytes = acpiRootBytes(at);
  if (bytes > 0 && firmwareMap(root, BigInt(bytes)) === OK) acpiLog(at);
}

/** Touches a page of the demand-paged window that nobody mapped: the way of a fault works from stub to page table. */
function demandPageProve(): void {
  const page = DEMAND_WINDOW;
  storeVolatile64(page, page);
  if (loadVolatile64(page) !== page) panic("boot: the page fault was repaired with the wrong page", page);

  const pa = translate(kernelRoot(), page);
  flushNow(unmapPage(kernelRoot(), page));
  frameGive(frameOf(pa));
  logVirt("mm/fault: demand page ", page);
  logPhys(" -> ", pa);
  logLine(", given back");
}

/**
 * The 32-bit entry and the boot page tables have done their work: their frames join the pool. Where the firmware claims
 * what lies under them, they do not: the direct map leaves that out.
 */
function bootPartGive(): void {
  const count = reservationGive(REGION_BOOT);
  logText("boot: given back");
  logNumber(" frames=", count);
  logEnd();
}
