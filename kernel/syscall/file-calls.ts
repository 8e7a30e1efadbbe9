/** System calls about files, of which there is one: the console. man 2 write, writev. */
import { serialWrite } from "../arch/serial.ts";
import { load8, staticBytes } from "../doors/machine.ts";
import { virtAddr } from "../lib/addr.ts";
import { NO_FILE, OK } from "../lib/status.ts";
import { copyIn } from "../mm/user/user-copy.ts";

const CHUNK = 512;
const chunk = staticBytes(CHUNK, 8);
const CONSOLE_FIRST = 1n;
const CONSOLE_LAST = 2n;

/** write to the console: how many bytes, or a status. */
export function callWrite(file: bigint, from: bigint, count: bigint): number {
  if (file < CONSOLE_FIRST || file > CONSOLE_LAST) return NO_FILE;
  let done = 0n;
  while (done < count) {
    const left = count - done;
    const here = Number(left < BigInt(CHUNK) ? left : BigInt(CHUNK));
    const status = copyIn(virtAddr(chunk), from + done, here);
    if (status !== OK) return done > 0n ? Number(done) : status;
    for (let i = 0; i < here; i++) serialWrite(load8(chunk + BigInt(i)));
    done += BigInt(here);
  }
  return Number(done);
}
