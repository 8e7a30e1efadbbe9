/** Who asks the heap for memory: a number from 0 to 255 that a block carries, and its name in reports. */
"compiler: cold";
import { logNumber, logText } from "../../base/log.ts";

export const TAG = { NONE: 0, CONSOLE: 1, SPACE: 2, PROCESS: 3, PROGRAM: 4, STORE: 5, TEST: 6 } as const;
export const TAG_COUNT = 256;

/** `nobody`, `process`, or the number of one that has no name. */
export function tagLog(tag: number): void {
  switch (tag) {
    case TAG.NONE:
      logText("nobody");
      return;
    case TAG.CONSOLE:
      logText("console");
      return;
    case TAG.SPACE:
      logText("space");
      return;
    case TAG.PROCESS:
      logText("process");
      return;
    case TAG.PROGRAM:
      logText("program");
      return;
    case TAG.STORE:
      logText("store");
      return;
    case TAG.TEST:
      logText("test");
      return;
    default:
      logNumber("tag ", tag);
  }
}
