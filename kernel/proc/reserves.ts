/** What the rooms below keep of what programs gave back, so that the next ones are spared the work. */
import { pipesTrim } from "../ipc/pipe.ts";
import { spacesTrim } from "../mm/space/space.ts";
import { filesTrim } from "./files.ts";
import { kernelStacksTrim } from "./kernel-stack.ts";

/** All of it goes back to the pool: as many frames are free then as before the programs that have ended. */
export function reservesTrim(): void {
  filesTrim();
  pipesTrim();
  spacesTrim();
  kernelStacksTrim();
}
