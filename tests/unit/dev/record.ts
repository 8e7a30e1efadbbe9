/** The boot information record as plain values, and what the kernel logged while it filled it. */
import { cpuInit } from "../../../kernel/arch/cpu.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import * as info from "../../../kernel/dev/boot-info.ts";
import { type Machine, type MachineOptions, fakeMachine } from "../../fake/machine.ts";

/** The kernel's image is where its own statics are: it may always be touched. */
export const IMAGE_RANGE = { start: 0x10_0000, end: 0x30_0000 };

/** A fresh machine on which the log already comes out and the CPU is known. */
export function loggingMachine(options: MachineOptions = {}): Machine {
  const machine = fakeMachine(options);
  serialInit();
  cpuInit();
  return machine;
}
/** What was logged since the last call. */
export const logTake = (machine: Machine): string => machine.serialTake().replaceAll("\r\n", "\n");

const indices = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const rangesKept = (): string[] =>
  indices(info.rangeCount()).map((i) => `${hex(info.rangeStart(i))}-${hex(info.rangeEnd(i))} ${info.rangeKind(i)}`);

export const modulesKept = (machine: Machine): string[] =>
  indices(info.moduleCount()).map((i) => {
    const name = textAt(machine, info.moduleName(i), info.moduleNameLength(i));
    return `${hex(info.moduleStart(i))}-${hex(info.moduleEnd(i))} ${name}`;
  });

export const commandLineKept = (machine: Machine): string =>
  textAt(machine, info.commandLine(), info.commandLineLength());

/** Text in the kernel's image. */
export function textAt(machine: Machine, va: bigint, length: number): string {
  return Buffer.from(machine.physGet(va - 0xffff_ffff_8000_0000n, length)).toString("latin1");
}

function hex(value: bigint): string {
  return value.toString(16);
}
