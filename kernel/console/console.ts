/**
 * The kernel's prompt on the serial port: reads a line, obeys it, for ever. After a panic there is another, which only
 * looks: interrupts stay off, nothing is allocated, and a command that meets a fault is given up.
 */
import { CALL_RETURNED } from "../arch/trap-frame.ts";
import { serialRead } from "../arch/serial.ts";
import { logAscii, logEnd, logLine, logText } from "../base/log.ts";
import { ringPause, ringResume } from "../base/log-ring.ts";
import { firstLine, firstLineLength } from "../dev/fw-cfg.ts";
import { idle, pause, tryCall } from "../doors/machine.ts";
import { orphansReap } from "../proc/exit.ts";
import { reservesTrim } from "../proc/reserves.ts";
import { processesRun } from "../proc/schedule.ts";
import { exceptionNameLog } from "../stats/exceptions.ts";
import { commandRun, commandsOffer, exitCommand } from "./commands.ts";
import { completeBegin, completeCharacter, completeCount, completeRest, completeShow } from "./complete.ts";
import { LINE, lineByte, lineCursor, lineInsert, lineLength, lineShow, lineStart, lineText } from "./line.ts";
import { runSayAll } from "./process-commands.ts";
import { isStopped, stoppedForget, stoppedSet } from "./stopped.ts";
import { wordsSet } from "./words.ts";

const PROMPT = "> ";
const PROMPT_STOPPED = "! "; // as wide: a line fits the screen behind it
const SPACE = 0x20;

let isLeaving = false; // the last line was Ctrl-C alone

/** Never returns. While nothing is typed the CPU sleeps, in the one window in which interrupts come. */
export function consoleRun(): never {
  stoppedForget();
  isLeaving = false;
  ringPause(); // the log is what the kernel says by itself
  firstLineObey();
  for (;;) {
    if (lineAsk()) commandRun();
  }
}

/** What QEMU was given to be obeyed first, as if somebody had typed it. */
function firstLineObey(): void {
  if (firstLineLength() === 0) return;
  promptLog();
  logAscii(firstLine(), firstLineLength());
  logEnd();
  wordsSet(firstLine(), firstLineLength());
  runSayAll(true);
  commandRun();
  runSayAll(false);
}

/**
 * The prompt of a kernel that the trap at `frame` has ended, with what was in CR2 then. Never returns. It asks the
 * serial port again and again: interrupts are off for good. Of a panic in a command trap/fatal.ts writes one line, and
 * halts.
 */
export function consoleStopped(frame: bigint, cr2: bigint): never {
  stoppedSet(frame, cr2);
  logLine("The kernel has stopped. This prompt looks at what is left: help lists how.");
  logLine("To leave QEMU: exit, or Ctrl-C twice. To look with a debugger: make debug.");
  for (;;) {
    if (!lineAsk()) continue;
    const vector = tryCall(commandRun);
    if (vector === CALL_RETURNED) continue;
    logEnd();
    logText("That command met ");
    exceptionNameLog(vector);
    logLine(", and is given up.");
  }
}

/** Prompts until a line is typed that can be obeyed: true, and its words are set. False: there was none this time. */
export function lineAsk(): boolean {
  promptLog();
  const end = lineRead();
  const wantsToLeave = end === LINE.GIVEN_UP && lineLength() === 0;
  if (wantsToLeave) leaveAsked();
  isLeaving = wantsToLeave;
  if (end === LINE.TOO_LONG) logLine("That line is too long; nothing was done.");
  if (end !== LINE.READY) return false;
  wordsSet(lineText(), lineLength());
  return true;
}

/** Ctrl-C where there is nothing to give up: twice it leaves, for once it may have been meant for a program. */
function leaveAsked(): void {
  if (isLeaving) exitCommand();
  else logLine("Ctrl-C once more leaves QEMU, as exit does.");
}

/** Reads until the line ends; answers how, as one of LINE. */
function lineRead(): number {
  lineStart();
  for (;;) {
    const byte = serialRead();
    if (byte < 0) {
      serialAwait();
      continue;
    }
    const state = lineByte(byte);
    if (state === LINE.COMPLETE) complete();
    else if (state !== LINE.OPEN) return state;
  }
}

/**
 * Until something may have been typed; processes that were left in the background run. What the kernel says meanwhile
 * is no part of the conversation.
 */
function serialAwait(): void {
  if (isStopped()) {
    pause();
    return;
  }
  ringResume();
  if (processesRun()) {
    orphansReap();
    reservesTrim();
  } else {
    idle();
  }
  ringPause();
}

function promptLog(): void {
  logText(isStopped() ? PROMPT_STOPPED : PROMPT);
}

/** Tab: the command's name, as far as it is certain; if it is not, what it could be. */
function complete(): void {
  completeBegin(lineText(), lineCursor());
  commandsOffer();
  const rest = completeRest();
  for (let i = 0; i < rest; i++) lineInsert(completeCharacter(i));
  if (completeCount() === 1) lineInsert(SPACE);
  if (completeCount() < 2 || rest > 0) return;
  logEnd();
  completeShow();
  commandsOffer();
  logEnd();
  promptLog();
  lineShow();
}
