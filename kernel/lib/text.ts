/** String literals beside bytes in memory. */
import { load8, stringByte, stringLength } from "../doors/machine.ts";

/** Does `text` begin with the `count` bytes at `at`? Looks at no byte behind the first that differs. */
export function textBegins(text: string, at: bigint, count: number): boolean {
  if (stringLength(text) < count) return false;
  for (let i = 0; i < count; i++) {
    if (load8(at + BigInt(i)) !== stringByte(text, i)) return false;
  }
  return true;
}
