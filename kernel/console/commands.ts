/** The commands of the prompt: one line each in `commandFind`, which also is what `help` prints. */
"compiler: cold"; // for people to read
import { debugExit, EXIT } from "../arch/debug-exit.ts";
import { columnText } from "../base/columns.ts";
import { logEnd, logLine, logText } from "../base/log.ts";
import { panic } from "../base/panic.ts";
import { stringLength } from "../doors/machine.ts";
import { faultCommand, translateCommand } from "./address-commands.ts";
import { memCommand, memmapCommand } from "./memory-commands.ts";
import { wordCount, wordIs, wordLog } from "./words.ts";

let listing = false; // `help` goes through the same lines, to print them
let refused = false; // the command exists, but not with these arguments: that has been said

/** Obeys the words of the line. Whatever they are, there is an answer. */
export function commandRun(): void {
  if (wordCount() === 0) return;
  listing = false;
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
  if (is("memmap", "", "the machine's memory, and whose it is")) return memmapCommand();
  if (is("translate", "ADDR", "walks the page tables for a virtual address")) return translateCommand();
  if (is("fault", "ADDR", "reads one byte there, whatever happens")) return faultCommand();
  if (is("panic", "", "stops the kernel, with its report")) return panicCommand();
  if (is("exit", "", "ends the virtual machine")) return exitCommand();
  return false;
}

/** Is this the command, with the argument that it wants ("" for none)? While listing: prints its line, and no. */
function is(name: string, argument: string, summary: string): boolean {
  if (listing) {
    logText("  ");
    columnText(name, 10);
    columnText(argument, 6);
    logLine(summary);
    return false;
  }
  if (!wordIs(0, name)) return false;
  const wanted = stringLength(argument) > 0 ? 2 : 1;
  if (wordCount() === wanted) return true;

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

function helpCommand(): boolean {
  listing = true;
  commandFind();
  logLine("ADDR is a number: 0x4444_4444_0000, 4096, 64K, 16M or 2G.");
  return true;
}

function panicCommand(): boolean {
  panic("console: panic was typed at the prompt");
}

function exitCommand(): boolean {
  debugExit(EXIT.SUCCESS);
  logLine("Still here: this machine has no debug-exit device. Switch it off.");
  return true;
}
