/** A machine booted as far as the kernel's own page tables, with the memory map of a plain PC. */
import { cpuInit } from "../../kernel/arch/cpu.ts";
import { serialInit } from "../../kernel/arch/serial.ts";
import { directMap, type PhysAddr, physAddr } from "../../kernel/lib/addr.ts";
import { OK, type Status } from "../../kernel/lib/status.ts";
import { bootInfoClear, commandLineAdd, rangeAdd } from "../../kernel/dev/boot-info.ts";
import { frameWindowBuild } from "../../kernel/mm/paging/frame-window.ts";
import { kernelMapBuild, kernelMapSwitch } from "../../kernel/mm/paging/kernel-map.ts";
import { framesBoot } from "../../kernel/mm/phys/frames-boot.ts";
import { memoryMapBuild } from "../../kernel/mm/phys/memory-map.ts";
import { fakeMachine, GIB, type Machine, type MachineOptions, MIB } from "./machine.ts";

/** Start, length and ACPI type, as firmware gives them. */
export type Range = readonly [start: number, length: number, type: number];

/** What QEMU's `pc` machine says about this much memory below 4 GiB. */
export function pcRanges(ramBytes: number): Range[] {
  return [
    [0, 0x9fc00, 1],
    [0x9fc00, 0x400, 2],
    [0xf0000, 0x10000, 2],
    [MIB, ramBytes - MIB - 0x20000, 1],
    [ramBytes - 0x20000, 0x20000, 2],
    [4 * GIB - 0x40000, 0x40000, 2],
    [0xfd_0000_0000, 12 * GIB, 2],
  ];
}

/** The frame pool stands, and the boot tables are live. */
export function bootFrames(ranges: readonly Range[], options: MachineOptions, commandLine = ""): Machine {
  const machine = fakeMachine(options);
  serialInit();
  cpuInit();
  bootInfoClear();
  for (const [start, length, type] of ranges) rangeAdd(BigInt(start), BigInt(length), type);
  commandLinePut(machine, commandLine);
  must(memoryMapBuild());
  must(frameWindowBuild());
  must(framesBoot());
  machine.serialTake();
  return machine;
}

/** The kernel's own tables are live. */
export function bootPaging(ramBytes = 32 * MIB, commandLine = ""): Machine {
  const machine = bootFrames(pcRanges(ramBytes), { ramBytes }, commandLine);
  must(kernelMapBuild());
  kernelMapSwitch();
  machine.serialTake();
  return machine;
}

function commandLinePut(machine: Machine, text: string): void {
  const at: PhysAddr = physAddr(0x8000n);
  machine.physPut(at, Buffer.from(text));
  commandLineAdd(directMap(at), text.length);
}

function must(status: Status): void {
  if (status !== OK) throw new Error(`the fake machine does not boot: status ${status}`);
}
