/** What is called: programs that stay as they are (area `compiler`), rooms of the kernel (`frames`, `paging`). */
export { bitmapAdd, bitmapFree, bitmapGive, bitmapInit, bitmapTake } from "./bitmap.ts";
export { pageMap, pageTablesInit, pageTranslate, pageUnmap } from "./page-tables.ts";
export { firstFitGive, firstFitInit, firstFitTake } from "./first-fit.ts";
export { crc32, crc32Init } from "./crc32.ts";
export { pack, unpack } from "./pack.ts";
export { scanCharacters, scanTokens } from "./scan.ts";
export { treeFind, treeInit, treeInsert, treeRemove } from "./tree.ts";

export {
  bitsFree, frameGive, framesAdd, framesFree, framesInit, framesMetadataBytes, frameTake,
} from "../../../kernel/mm/phys/frames.ts";
export { framesCountTaken } from "../../../kernel/mm/phys/open-word.ts";
export { kernelFrames, ownerFrames } from "../../../kernel/mm/phys/owners.ts";
export { runGive, runSplit, runTake } from "../../../kernel/mm/phys/runs.ts";

export {
  cpuInit, flushNow, mapLargest, mapPage, mapPages, mapRange, tablesInit, tablesReachAll, translate, unmapPage,
  unmapRange,
} from "./paging.ts";
