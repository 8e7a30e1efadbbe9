/** A process that calls the kernel, over the fake machine: what it has, and how it is seen from outside. */
import { expect } from "vitest";
import { pipesInit } from "../../../kernel/ipc/pipe.ts";
import { segmentsInit } from "../../../kernel/ipc/shared-memory.ts";
import { directMap, frameAddr, physAddr, type VirtAddr } from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { ACCESS_READ, ACCESS_WRITE, FAULT_REPAIRED } from "../../../kernel/mm/fault/answers.ts";
import { faultResolve } from "../../../kernel/mm/fault/resolve.ts";
import { heapBoot } from "../../../kernel/mm/heap/heap-boot.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { translate } from "../../../kernel/mm/paging/walk.ts";
import { framesFree } from "../../../kernel/mm/phys/frames.ts";
import { ownerFrames } from "../../../kernel/mm/phys/owners.ts";
import { objectsOut } from "../../../kernel/mm/space/object.ts";
import { NO_REGION, REGION } from "../../../kernel/mm/space/region.ts";
import { regionFirst, regionNext } from "../../../kernel/mm/space/region-tree.ts";
import {
  type Space, spaceCreate, spaceDestroy, spacePages, spaceRegions, spaceRoot, spacesInit, spacesTrim, spaceTables,
} from "../../../kernel/mm/space/space.ts";
import { spacesAudit } from "../../../kernel/mm/space/spaces-audit.ts";
import { zeroPageInit } from "../../../kernel/mm/space/zero-page.ts";
import { fileTableDrop, fileTableTake } from "../../../kernel/proc/file-table.ts";
import { filesInit, filesTrim } from "../../../kernel/proc/files.ts";
import {
  NO_PROCESS, PROCESS, processCurrentSet, processesInit, processFirst, processTake,
} from "../../../kernel/proc/process.ts";
import { bootPaging } from "../../fake/booted.ts";
import { load64, type Machine, store64, writeCr3 } from "../../fake/machine.ts";
import { tablesPicture } from "../../fake/tables.ts";

export let machine: Machine;
export let space: Space;
let free = 0;

/** A machine with one process, whose space is the CPU's. */
export function callerBoot(): void {
  machine = bootPaging();
  expect([heapBoot()]).toEqual([OK]);
  spacesInit();
  expect(zeroPageInit()).toBe(OK);
  pipesInit();
  segmentsInit();
  filesInit();
  processesInit();
  const process = processTake(NO_PROCESS);
  PROCESS.setFiles(process, fileTableTake());
  processCurrentSet(process);
  free = framesFree();
  callersSpaceSet(spaceCreate());
}
/** It runs in that space from now on. */
export function callersSpaceSet(of: Space): void {
  space = of;
  const process = processFirst();
  PROCESS.setSpace(process, of);
  PROCESS.setBrkStart(process, BRK);
  PROCESS.setBrkEnd(process, BRK);
  writeCr3(frameAddr(spaceRoot(of)));
}
export const BRK = 0x100_0000n;
/** It is gone, and nothing of it, or of others that are named, is left. */
export function callerEnd(...others: Space[]): void {
  writeCr3(frameAddr(kernelRoot()));
  const process = processFirst();
  fileTableDrop(PROCESS.files(process));
  PROCESS.setFiles(process, fileTableTake());
  for (const each of [space, ...others]) expect(spaceDestroy(each)).toBe(OK);
  trim();
  expect([framesFree(), spacesAudit(), objectsOut()]).toEqual([free, OK, 0]);
}

export function trim(): void {
  spacesTrim();
  filesTrim();
}
/** Regions, tables and counts of its space, and free frames: the same before and after what fails. */
export function picture(): string {
  trim();
  const regions: string[] = [];
  for (let at = regionFirst(spaceRegions(space)); at !== NO_REGION; at = regionNext(at)) {
    const parts = [REGION.start, REGION.end, REGION.permissions, REGION.kind, REGION.backing, REGION.offset];
    regions.push(parts.map((part) => part(at).toString(16)).join(" "));
  }
  const counts = [ownerFrames(spacePages(space)), ownerFrames(spaceTables(space)), framesFree(), objectsOut()];
  return [...regions, counts.join(), tablesPicture(machine, frameAddr(spaceRoot(space)))].join("\n");
}

/** What a program finds or leaves at an address, faults repaired; null: it may not. */
export function peek(va: bigint, of: Space = space): bigint | null {
  if (faultResolve(of, va as VirtAddr, ACCESS_READ) !== FAULT_REPAIRED) return null;
  return load64(directMap(physAddr(translate(spaceRoot(of), va as VirtAddr))));
}
export function poke(va: bigint, value: bigint, of: Space = space): boolean {
  if (faultResolve(of, va as VirtAddr, ACCESS_WRITE) !== FAULT_REPAIRED) return false;
  store64(directMap(physAddr(translate(spaceRoot(of), va as VirtAddr))), value);
  return true;
}
