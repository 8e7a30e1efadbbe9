/** The commands of the prompt: one line each in `commandFind`, which also is what `help` prints. */
"compiler: cold"; // for people to read
import { debugExit, EXIT } from "../arch/debug-exit.ts";
import { columnText } from "../base/columns.ts";
import { logEnd, logLine, logText } from "../base/log.ts";
import { RING_BYTES, ringShow } from "../base/log-ring.ts";
import { panic } from "../base/panic.ts";
import { stringLength } from "../doors/machine.ts";
import { faultCommand, walkCommand } from "./address-commands.ts";
import { completeOffer } from "./complete.ts";
import { auditCommand, frameCommand, leaksCommand, ownersCommand } from "./frame-commands.ts";
import { mapsCommand } from "./maps-command.ts";
import { heapCommand, memCommand, memmapCommand } from "./memory-commands.ts";
import { programsCommand, psCommand, runCommand } from "./process-commands.ts";
import { isStopped } from "./stopped.ts";
import { spacesCommand } from "./space-commands.ts";
import { dateCommand, interruptsCommand } from "./time-commands.ts";
import { btCommand, regsCommand } from "./trap-commands.ts";
import { wordCount, wordIs, wordLog } from "./words.ts";

const ALL_LINES = RING_BYTES; // there cannot be more

/** `help` and Tab go through the same lines, to print them and to complete; after a panic some are refused. */
const PASS = { RUN: 0, LIST: 1, OFFER: 2, REFUSE: 3 } as const;
let pass = PASS.RUN as number;
let refused = false; // the command exists, but not with these arguments or not now: that has been said

/** Obeys the words of the line. Whatever they are, there is an answer. */
export function commandRun(): void {
  if (wordCount() === 0) return;
  pass = PASS.RUN;
  refused = false;
  if (commandFind() || refused) return;

  logText("There is no command ");
  wordLog(0);
  logLine("; help lists them.");
}

/** True if one of these was it, and has run. */
function commandFind(): boolean {
  if (is("help", "", "this list")) return helpCommand();
  if (is("mem", "", "how much memory is free and in use")) return memCommand();
  if (is("heap", "", "the heap's blocks by size and owner, and a picture")) return heapCommand();
  if (is("memmap", "", "the machine's memory, and whose it is")) return memmapCommand();
  if (is("frame", "ADDR", "what is known of the frame at a physical address")) return frameCommand();
  if (is("owners", "", "whose the frames are, and what for")) return ownersCommand();
  if (is("leaks", "", "frames whose owner is gone")) return leaksCommand();
  if (is("audit", "", "does all that is kept about memory agree?")) return auditCommand();
  if (is("spaces", "", "address spaces, and where programs have memory")) return spacesCommand();
  if (is("ps", "", "processes, and the memory that they have")) return psCommand();
  if (is("maps", "PID", "the regions of a process, and the memory that they have")) return mapsCommand();
  if (is("programs", "", "what can be run")) return programsCommand();
  if (is("walk", "ADDR", "walks the page tables for a virtual address")) return walkCommand();
  if (is("regs", "", "the CPU's registers")) return regsCommand();
  if (is("bt", "", "who called whom: the backtrace")) return btCommand();
  if (is("log", "", "what the kernel said last")) return logCommand();
  if (is("date", "", "what time it is, and how long the kernel is up")) return dateCommand();
  if (is("interrupts", "", "how often each device has interrupted")) return interruptsCommand();
  if (is("exit", "", "ends the virtual machine")) return exitCommand();
  if (isStopped()) { // what is below acts
    if (pass !== PASS.RUN) return false;
    pass = PASS.REFUSE;
  }
  if (is("run", "NAME", "runs a program; words behind its name are its arguments")) return runCommand();
  if (is("fault", "ADDR", "reads one byte there, whatever happens")) return faultCommand();
  if (is("panic", "", "stops the kernel, with its report")) return panicCommand();
  return false;
}

/** Offers the name of each for completion. */
export function commandsOffer(): void {
  pass = PASS.OFFER;
  commandFind();
}

/** Is this the command, with the argument that it wants ("" for none)? In the other passes it is none. */
function is(name: string, argument: string, summary: string): boolean {
  if (pass === PASS.OFFER) {
    completeOffer(name);
    return false;
  }
  if (pass === PASS.LIST) {
    logText("  ");
    columnText(name, 12);
    columnText(argument, 6);
    logLine(summary);
    return false;
  }
  if (!wordIs(0, name)) return false;
  if (pass === PASS.REFUSE) {
    refused = true;
    logText(name);
    logLine(" is not to be had after a panic.");
    return false;
  }
  const wanted = stringLength(argument) > 0 ? 2 : 1;
  if (wordCount() === wanted || (wordCount() > wanted && takesMore(name))) return true;

  refused = true;
  logText(name);
  if (wanted === 1) {
    logLine(" takes no argument.");
  } else {
    logText(" takes one argument: ");
    logText(name);
    logText(" ");
    logText(argument);
    logEnd();
  }
  return false;
}

/** Only this one. */
function takesMore(name: string): boolean {
  return wordIs(0, "run") && stringLength(name) === 3;
}

function helpCommand(): boolean {
  pass = PASS.LIST;
  commandFind();
  logLine("ADDR is a number: 0x4444_4444_0000, 4096, 64K, 16M, 2G or 1T.");
  return true;
}

function logCommand(): boolean {
  ringShow(ALL_LINES);
  return true;
}

function panicCommand(): boolean {
  panic("console: panic was typed at the prompt");
}

/** Comes back where there is nothing that could end. */
export function exitCommand(): boolean {
  debugExit(isStopped() ? EXIT.PANIC : EXIT.SUCCESS);
  logLine("Still here: this machine has no debug-exit device. Switch it off.");
  return true;
}
