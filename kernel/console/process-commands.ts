/** `run`, `ps`, `programs`: processes from the prompt. */
"compiler: cold"; // for people to read
import { columnNumber, columnText, columnTextRight } from "../base/columns.ts";
import { logAscii, logEnd, logLine, logNumber, logText } from "../base/log.ts";
import { load8 } from "../doors/machine.ts";
import { NO_MEMORY, NO_PROGRAM, OK, type Status } from "../lib/status.ts";
import { NO_SPACE_OBJECT } from "../mm/space/object.ts";
import { NO_SPACE, spacePageCount } from "../mm/space/space.ts";
import { spaceResident } from "../mm/space/resident.ts";
import { argumentAdd, argumentsEmpty } from "../proc/arguments.ts";
import { elfError } from "../proc/elf.ts";
import { orphansReap, processReap } from "../proc/exit.ts";
import { NO_PROCESS, PROCESS, type Process, processFirst, STATE } from "../proc/process.ts";
import { programCount, programDrop, programFind, programIsThere, programName, programNameLength } from
  "../proc/programs.ts";
import { reservesTrim } from "../proc/reserves.ts";
import { processSpawn, processSpawned } from "../proc/spawn.ts";
import { foregroundRun } from "./foreground.ts";
import { wordCount, wordLength, wordLog, wordPlain, wordPlainText, wordsAreClosed, wordStartAt } from "./words.ts";

const PID = 6;
const KIB = 14;
const KIB_PER_PAGE = 4;
const SIGNAL_BITS = 0x7f;
const CODE_SHIFT = 8;

/** Runs a module as a program, with the words behind its name as arguments, and waits for its end. */
export function runCommand(): boolean {
  if (!programIsThere(wordStartAt(1), wordLength(1))) {
    logText("There is no program ");
    wordLog(1);
    logLine("; programs lists them.");
    return true;
  }
  if (!wordsAreClosed()) {
    logLine("A quote is not closed; nothing was run.");
    return true;
  }
  argumentsEmpty();
  for (let i = 1; i < wordCount(); i++) {
    const count = wordPlain(i);
    if (count < 0 || argumentAdd(wordPlainText(), count) !== OK) {
      logLine("Those are too many arguments; nothing was run.");
      return true;
    }
  }
  const program = programFind(wordStartAt(1), wordLength(1));
  const status = program === NO_SPACE_OBJECT ? NO_MEMORY : processSpawn(program);
  if (program !== NO_SPACE_OBJECT) programDrop(program);
  if (status !== OK) {
    refusalLog(status);
    return true;
  }
  const process = processSpawned();
  foregroundRun(process);
  endLog(process);
  processReap(process);
  orphansReap();
  reservesTrim();
  return true;
}

/** A line for each process, the newest first. */
export function psCommand(): boolean {
  if (processFirst() === NO_PROCESS) {
    logLine("No process runs.");
    return true;
  }
  columnTextRight("pid", PID);
  columnTextRight("parent", PID + 2);
  columnTextRight("resident KiB", KIB);
  columnTextRight("virtual KiB", KIB);
  logLine("  state     name");
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) processShow(process);
  return true;
}

/** The modules, by the names that `run` knows. */
export function programsCommand(): boolean {
  if (programCount() === 0) logLine("There is none: make run PROGRAM=FILE brings one along.");
  for (let i = 0; i < programCount(); i++) {
    logText("  ");
    logAscii(programName(i), programNameLength(i));
    logEnd();
  }
  return true;
}

function refusalLog(status: Status): void {
  wordLog(1);
  if (status === NO_PROGRAM) {
    logText(" cannot be run: ");
    logText(elfError());
    logLine(".");
  } else {
    logLine(" cannot be run: there is not enough memory.");
  }
}

/** From now on `run` says also of a program that ended with 0 that it has; or not. */
export function runSayAll(all: boolean): void {
  saysAll = all;
}
let saysAll = false;

/** How it ended; with 0 is what one expects, and is not said unless it is asked for. */
function endLog(process: Process): void {
  const status = PROCESS.status(process);
  if (status === 0 && !saysAll) return;
  wordLog(1);
  if ((status & SIGNAL_BITS) !== 0) logNumber(" was ended by signal ", status & SIGNAL_BITS);
  else logNumber(" ended with ", status >>> CODE_SHIFT);
  logEnd();
}

function processShow(process: Process): void {
  const space = PROCESS.space(process);
  const parent = PROCESS.parent(process);
  columnNumber(PROCESS.pid(process), PID);
  columnNumber(parent === NO_PROCESS ? 0 : PROCESS.pid(parent), PID + 2);
  columnNumber(space === NO_SPACE ? 0 : spaceResident(space) * KIB_PER_PAGE, KIB);
  columnNumber(space === NO_SPACE ? 0 : spacePageCount(space) * KIB_PER_PAGE, KIB);
  logText("  ");
  columnText(stateName(PROCESS.state(process)), 10);
  const name = PROCESS.nameAt(process);
  let length = 0;
  while (load8(name + BigInt(length)) !== 0) length++;
  logAscii(name, length);
  logEnd();
}

function stateName(state: number): string {
  if (state === STATE.RUNNABLE) return "runs";
  return state === STATE.ZOMBIE ? "ended" : "sleeps";
}
