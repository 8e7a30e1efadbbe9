/**
 * Bytes between programs and open files, by what is open, and the waiting for them. Whoever waits holds the file:
 * another thread may close the descriptor meanwhile. A signal ends the waiting.
 */
import { serialWrite } from "../arch/serial.ts";
import { load8, staticBytes } from "../doors/machine.ts";
import { PIPE, PIPE_ATOMIC, pipeAt, pipeRead, pipeRoom, pipeWrite } from "../ipc/pipe.ts";
import { terminalRead } from "../ipc/terminal.ts";
import { virtAddr } from "../lib/addr.ts";
import { BROKEN_PIPE, INVALID, OK, type Status, statusIn, WOULD_BLOCK } from "../lib/status.ts";
import { copyIn } from "../mm/user/user-copy.ts";
import { FILE_FLAG, FILE_KIND, fileHold, fileRelease, OPEN_FILE, type OpenFile } from "../proc/files.ts";
import { processCurrent } from "../proc/process.ts";
import { memoryRead, memoryWrite } from "./memory-file.ts";
import { pollersWake, queueWake, sleepTill, terminalQueue } from "../proc/schedule.ts";
import { SIGNAL } from "../proc/signal-actions.ts";
import { signalSend } from "../proc/signals.ts";
import { NEVER } from "../proc/timers.ts";

const CHUNK = 512;
const chunk = staticBytes(CHUNK, 8);

/**
 * Up to `count` (1 or more) bytes to the program's `to`: how many, 0 at the end of the file, or a status. WOULD_BLOCK:
 * there are none yet, and the caller does not wait, or the file is not to be waited for.
 */
export function fileRead(file: OpenFile, to: bigint, count: number, waits: boolean): number {
  switch (OPEN_FILE.kind(file)) {
    case FILE_KIND.CONSOLE:
      return consoleReadWait(file, to, count, waits);
    case FILE_KIND.PIPE:
      return pipeReadWait(file, to, count, waits);
    case FILE_KIND.MEMORY:
      return advanced(file, memoryRead(file, to, count, OPEN_FILE.position(file)));
    case FILE_KIND.NULL:
      return 0;
    default:
      return INVALID;
  }
}

/** `count` (1 or more) bytes from the program's `from`: how many, or a status when it is not one. */
export function fileWrite(file: OpenFile, from: bigint, count: number): number {
  switch (OPEN_FILE.kind(file)) {
    case FILE_KIND.CONSOLE:
      return consoleWrite(from, count);
    case FILE_KIND.PIPE:
      return pipeWriteWait(file, from, count);
    case FILE_KIND.MEMORY:
      return advanced(file, memoryWrite(file, from, count, OPEN_FILE.position(file)));
    case FILE_KIND.NULL:
      return count;
    default:
      return INVALID;
  }
}

/** Its position moves by what was read or written, if anything was. */
function advanced(file: OpenFile, done: number): number {
  if (done > 0) OPEN_FILE.setPosition(file, OPEN_FILE.position(file) + BigInt(done));
  return done;
}

/** Before several writes of `total` bytes that others' must not come between: waits until all have room. */
export function fileWriteBegin(file: OpenFile, total: number): Status {
  if (OPEN_FILE.kind(file) !== FILE_KIND.PIPE || total > PIPE_ATOMIC) return OK;
  const pipe = pipeAt(OPEN_FILE.object(file));
  fileHold(file);
  let status: Status = OK;
  while (status === OK && pipeRoom(pipe) < total && PIPE.readers(pipe) > 0) {
    status = sleepAt(file, PIPE.waitWriteAt(pipe));
  }
  fileRelease(file);
  return status;
}

// ---- the console -----------------------------------------------------------------------------------------------
function consoleWrite(from: bigint, count: number): number {
  let done = 0;
  while (done < count) {
    const here = Math.min(count - done, CHUNK);
    const status = copyIn(virtAddr(chunk), from + BigInt(done), here);
    if (status !== OK) return done > 0 ? done : status;
    for (let i = 0; i < here; i++) serialWrite(load8(chunk + BigInt(i)));
    done += here;
  }
  return done;
}

function consoleReadWait(file: OpenFile, to: bigint, count: number, waits: boolean): number {
  fileHold(file);
  let done = terminalRead(to, count);
  while (done === WOULD_BLOCK && waits) {
    const status = sleepAt(file, terminalQueue());
    done = status === OK ? terminalRead(to, count) : status;
    if (status === WOULD_BLOCK) break;
  }
  fileRelease(file);
  return done;
}

// ---- pipes -----------------------------------------------------------------------------------------------------
function pipeReadWait(file: OpenFile, to: bigint, count: number, waits: boolean): number {
  const pipe = pipeAt(OPEN_FILE.object(file));
  fileHold(file);
  let done = pipeRead(pipe, to, count);
  while (done === WOULD_BLOCK && waits) {
    const status = sleepAt(file, PIPE.waitReadAt(pipe));
    done = status === OK ? pipeRead(pipe, to, count) : status;
    if (status === WOULD_BLOCK) break;
  }
  if (done > 0) wakeAt(PIPE.waitWriteAt(pipe));
  fileRelease(file);
  return done;
}

/** All of it, unless something comes between: then what was written until then counts. */
function pipeWriteWait(file: OpenFile, from: bigint, count: number): number {
  const pipe = pipeAt(OPEN_FILE.object(file));
  fileHold(file);
  let done = 0;
  let status: Status = OK;
  while (done < count && status === OK) {
    const here = pipeWrite(pipe, from + BigInt(done), count - done);
    if (here > 0) {
      done += here;
      wakeAt(PIPE.waitReadAt(pipe));
    } else if (here === WOULD_BLOCK) {
      status = sleepAt(file, PIPE.waitWriteAt(pipe));
    } else {
      status = statusIn(here);
    }
  }
  fileRelease(file);
  if (status === BROKEN_PIPE) signalSend(processCurrent(), SIGNAL.PIPE);
  return done > 0 ? done : status;
}

function wakeAt(queue: bigint): void {
  queueWake(queue);
  pollersWake();
}

/** OK: look again. WOULD_BLOCK: the file is not to wait for. INTERRUPTED: a signal waits to be handled. */
function sleepAt(file: OpenFile, queue: bigint): Status {
  if ((OPEN_FILE.flags(file) & FILE_FLAG.NONBLOCK) !== 0) return WOULD_BLOCK;
  return sleepTill(queue, NEVER);
}
