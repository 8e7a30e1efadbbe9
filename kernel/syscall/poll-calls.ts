/** man 2 poll: waiting for several files at once. */
import { staticBytes } from "../doors/machine.ts";
import { PIPE, PIPE_ATOMIC, pipeAt, pipeRoom } from "../ipc/pipe.ts";
import { terminalIsReadable } from "../ipc/terminal.ts";
import { virtAddr } from "../lib/addr.ts";
import { layout, u16, u32 } from "../lib/layout.ts";
import { INVALID, OK, TIMED_OUT } from "../lib/status.ts";
import { copyIn, copyOut } from "../mm/user/user-copy.ts";
import { descriptorFile, DESCRIPTORS } from "../proc/file-table.ts";
import { FILE_KIND, fileIsReadable, NO_OPEN_FILE, OPEN_FILE, type OpenFile } from "../proc/files.ts";
import { PROCESS, processCurrent } from "../proc/process.ts";
import { pollersQueue, sleepTill } from "../proc/schedule.ts";
import { NEVER } from "../proc/timers.ts";
import { numberOf } from "./file-calls.ts";
import { deadlineIn, timespecIn, timespecNanoseconds } from "./timespec.ts";

const POLLFD = layout(8, { descriptor: u32, wanted: u16, found: u16 });
const POLL = { IN: 1, OUT: 4, ERROR: 8, HANG_UP: 16, NO_FILE: 32 } as const;
const ALWAYS = POLL.ERROR | POLL.HANG_UP | POLL.NO_FILE;
const NANOSECONDS_EACH = 1_000_000n;
const one = staticBytes(POLLFD.SIZE, 8);

/** poll: how many of the `count` POLLFDs at `at` have something to tell, and each has been told what. */
export function callPoll(at: bigint, count: bigint, milliseconds: bigint): number {
  const patience = numberOf(milliseconds);
  return pollTill(at, count, patience < 0 ? NEVER : deadlineIn(BigInt(patience) * NANOSECONDS_EACH));
}
/** ppoll without a set of signals: the time is a TIMESPEC, and for ever if there is none. */
export function callPpoll(at: bigint, count: bigint, timeout: bigint): number {
  if (timeout === 0n) return pollTill(at, count, NEVER);
  const status = timespecIn(timeout);
  return status === OK ? pollTill(at, count, deadlineIn(timespecNanoseconds())) : status;
}

/** Until one has something to tell, a signal comes, or `deadline` has. */
function pollTill(at: bigint, count: bigint, deadline: bigint): number {
  if (count > BigInt(DESCRIPTORS)) return INVALID;
  for (;;) {
    const ready = pollOnce(at, Number(count));
    if (ready !== 0) return ready;
    const status = sleepTill(pollersQueue(), deadline);
    if (status === TIMED_OUT) return pollOnce(at, Number(count));
    if (status !== OK) return status;
  }
}

/** Looks once: how many, or a status. */
function pollOnce(at: bigint, count: number): number {
  let ready = 0;
  for (let i = 0; i < count; i++) {
    const from = BigInt.asUintN(64, at + BigInt(i * POLLFD.SIZE));
    let status = copyIn(virtAddr(one), from, POLLFD.SIZE);
    if (status !== OK) return status;
    const found = foundOf(numberOf(BigInt(POLLFD.descriptor(one)))) & (POLLFD.wanted(one) | ALWAYS);
    POLLFD.setFound(one, found);
    status = copyOut(from, virtAddr(one), POLLFD.SIZE);
    if (status !== OK) return status;
    if (found !== 0) ready++;
  }
  return ready;
}

/** What a descriptor has to tell: POLL, added up. One below 0 has nothing. */
function foundOf(descriptor: number): number {
  if (descriptor < 0) return 0;
  const file = descriptorFile(PROCESS.files(processCurrent()), descriptor);
  if (file === NO_OPEN_FILE) return POLL.NO_FILE;
  switch (OPEN_FILE.kind(file)) {
    case FILE_KIND.CONSOLE:
      return terminalIsReadable() ? POLL.IN | POLL.OUT : POLL.OUT;
    case FILE_KIND.PIPE:
      return fileIsReadable(file) ? readerFound(file) : writerFound(file);
    default:
      return POLL.IN | POLL.OUT;
  }
}
function readerFound(file: OpenFile): number {
  const pipe = pipeAt(OPEN_FILE.object(file));
  return (PIPE.used(pipe) > 0 ? POLL.IN : 0) | (PIPE.writers(pipe) === 0 ? POLL.HANG_UP : 0);
}
function writerFound(file: OpenFile): number {
  const pipe = pipeAt(OPEN_FILE.object(file));
  return (pipeRoom(pipe) >= PIPE_ATOMIC ? POLL.OUT : 0) | (PIPE.readers(pipe) === 0 ? POLL.ERROR : 0);
}
