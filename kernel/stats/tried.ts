/** Memory that may be gone, for those who write down what is left of a broken kernel. */
"compiler: cold"; // for people to read
import { load64, staticBytes, tryLoad64 } from "../doors/machine.ts";

const word = staticBytes(8, 8);

/** The word at `va`; 0 where none can be read. */
export function wordTried(va: bigint): bigint {
  return tryLoad64(va, word) ? load64(word) : 0n;
}
