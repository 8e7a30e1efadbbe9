/** What the rows about regions call: rooms of the kernel as they are. */
export { framesAdd, framesInit } from "../../../kernel/mm/phys/frames.ts";
export { regionSlabInit } from "../../../kernel/mm/space/region.ts";
export { holeFind } from "../../../kernel/mm/space/region-holes.ts";
export { regionAt, regionsEmpty } from "../../../kernel/mm/space/region-tree.ts";
export { regionInsert, regionsRemove } from "../../../kernel/mm/space/regions.ts";
