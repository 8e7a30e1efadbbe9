/** A fake machine on which the kernel has booted: frames, its own page tables, a heap. */
import { cpuInit } from "../../../kernel/arch/cpu.ts";
import { descriptorsInit } from "../../../kernel/arch/descriptors.ts";
import { TRAP_FRAME } from "../../../kernel/arch/trap-frame.ts";
import { bootInfoClear, MEMORY_RESERVED, MEMORY_USABLE, rangeAdd } from "../../../kernel/dev/boot-info.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { heapBoot } from "../../../kernel/mm/heap/heap-boot.ts";
import { frameWindowBuild } from "../../../kernel/mm/paging/frame-window.ts";
import { kernelMapBuild, kernelMapSwitch } from "../../../kernel/mm/paging/kernel-map.ts";
import { framesBoot } from "../../../kernel/mm/phys/frames-boot.ts";
import { memoryMapBuild } from "../../../kernel/mm/phys/memory-map.ts";
import { onTrap } from "../../../kernel/trap/dispatch.ts";
import { fakeMachine, MIB, type Machine } from "../../fake/machine.ts";
import { trapFrame } from "./frame.ts";

/** 32 MiB as GRUB reports them on QEMU's `pc`: a hole under 1 MiB, firmware's tables at the top. Nothing is logged. */
export function bootedMachine(): Machine {
  const machine = fakeMachine({ ramBytes: 32 * MIB });
  descriptorsInit();
  cpuInit();
  bootInfoClear();
  rangeAdd(0n, 0x9_fc00n, MEMORY_USABLE);
  rangeAdd(0x9_fc00n, 0x400n, MEMORY_RESERVED);
  rangeAdd(0xf_0000n, 0x1_0000n, MEMORY_RESERVED);
  rangeAdd(0x10_0000n, 0x1ee_0000n, MEMORY_USABLE);
  rangeAdd(0x1fe_0000n, 0x2_0000n, MEMORY_RESERVED);
  for (const boot of [memoryMapBuild, frameWindowBuild, framesBoot, kernelMapBuild]) {
    if (boot() !== OK) throw new Error(`${boot.name} failed`);
  }
  kernelMapSwitch();
  if (heapBoot() !== OK) throw new Error("heapBoot failed");
  machine.serialTake();
  return machine;
}

/** Page faults enter the kernel as on the real machine; the access is tried again when it comes back to it. */
export function faultsReachTheKernel(machine: Machine): void {
  machine.faultHandler((va, error) => {
    machine.cpu.cr2 = va;
    const { rip } = machine.cpu;
    const frame = trapFrame(machine, { vector: 14n, error: BigInt(error), rip });
    onTrap(frame);
    return TRAP_FRAME.rip(frame) === rip; // or else it goes on elsewhere
  });
}
