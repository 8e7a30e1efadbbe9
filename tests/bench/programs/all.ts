/** What the benchmark calls: rooms of the kernel, and programs of the kinds that the kernel does not have yet. */
export {
  bitsFree, frameGive, framesAdd, framesCountTaken, framesFree, framesInit, framesMetadataBytes, frameTake,
} from "../../../kernel/mm/phys/frames.ts";
export { kernelFrames, ownerFrames } from "../../../kernel/mm/phys/owners.ts";
export { runGive, runSplit, runTake } from "../../../kernel/mm/phys/runs.ts";
export { tablesInit } from "../../../kernel/mm/paging/tables.ts";
export { mapPage } from "../../../kernel/mm/paging/map.ts";
export { unmapPage } from "../../../kernel/mm/paging/unmap.ts";
export { translate } from "../../../kernel/mm/paging/walk.ts";
export { heapGive, heapInit, heapTake } from "./first-fit/heap.ts";
export { crc32, crc32Init } from "./crc32.ts";
export { pack, unpack } from "./pack.ts";
export { scanCharacters, scanTokens } from "./scan.ts";
export { treeFind, treeInit, treeInsert, treeRemove } from "./tree.ts";
