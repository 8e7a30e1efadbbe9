/**
 * The arguments and the environment of a program that is to be started: strings, one behind the other, each with its
 * zero, in one block of the kernel's. One program is started at a time.
 */
import { copyBytes, staticBytes, store8 } from "../doors/machine.ts";
import type { VirtAddr } from "../lib/addr.ts";
import { virtAddr } from "../lib/addr.ts";
import { OK, type Status, statusIn, TOO_LONG } from "../lib/status.ts";
import { copyIn64, copyInString, copyInWord } from "../mm/user/user-copy.ts";

/** All strings together; Linux's limit for one of them is as high. */
export const ARGUMENTS_BYTES = 131072;

const block = staticBytes(ARGUMENTS_BYTES, 16);
const WORD = 8n;
let used = 0;
let args = 0;
let variables = 0;

export function argumentsEmpty(): void {
  used = 0;
  args = 0;
  variables = 0;
}
export function argumentsBlock(): VirtAddr {
  return virtAddr(block);
}
export function argumentsUsed(): number {
  return used;
}
export function argumentCount(): number {
  return args;
}
export function variableCount(): number {
  return variables;
}

/** The `count` bytes at `at` are the next argument. TOO_LONG: the block is full. */
export function argumentAdd(at: bigint, count: number): Status {
  if (count >= ARGUMENTS_BYTES - used) return TOO_LONG;
  copyBytes(block + BigInt(used), at, count);
  store8(block + BigInt(used + count), 0);
  used += count + 1;
  args++;
  return OK;
}

/**
 * Two of a program's lists of pointers, each ended by 0 (and 0 itself is an empty list): the arguments, then the
 * variables. BAD_ADDRESS, TOO_LONG.
 */
export function argumentsOf(argv: bigint, envp: bigint): Status {
  argumentsEmpty();
  args = stringsOf(argv);
  if (args < 0) return statusIn(args);
  variables = stringsOf(envp);
  return statusIn(variables);
}

/** How many strings there were; or a status. */
function stringsOf(list: bigint): number {
  if (list === 0n) return 0;
  for (let count = 0; ; count++) {
    const status = copyIn64(list + BigInt(count) * WORD);
    if (status !== OK) return status;
    const at = copyInWord();
    if (at === 0n) return count;
    const length = stringIn(at);
    if (length < 0) return length;
  }
}

/** Adds a program's string with its zero; or a status. */
function stringIn(from: bigint): number {
  const length = copyInString(virtAddr(block + BigInt(used)), from, ARGUMENTS_BYTES - used);
  if (length >= 0) used += length + 1;
  return length;
}
