/** The kernel's prompt on the serial port: reads a line, obeys it, for ever. */
import { serialRead } from "../arch/serial.ts";
import { logEnd, logLine, logText } from "../base/log.ts";
import { ringPause } from "../base/log-ring.ts";
import { idle } from "../doors/machine.ts";
import { commandRun, commandsOffer } from "./commands.ts";
import { completeBegin, completeCharacter, completeCount, completeRest, completeShow } from "./complete.ts";
import { LINE, lineByte, lineCursor, lineInsert, lineLength, lineShow, lineStart, lineText } from "./line.ts";
import { wordsSet } from "./words.ts";

const PROMPT = "> ";
const SPACE = 0x20;

/** Never returns. While nothing is typed the CPU sleeps, in the one window in which interrupts come. */
export function consoleRun(): never {
  ringPause(); // the log is what the kernel says by itself
  for (;;) {
    if (lineAsk()) commandRun();
  }
}

/** Prompts until a line is typed that can be obeyed: true, and its words are set. False: there was none this time. */
export function lineAsk(): boolean {
  logText(PROMPT);
  const end = lineRead();
  if (end === LINE.TOO_LONG) logLine("That line is too long; nothing was done.");
  if (end !== LINE.READY) return false;
  wordsSet(lineText(), lineLength());
  return true;
}

/** Reads until the line ends; answers how, as one of LINE. */
function lineRead(): number {
  lineStart();
  for (;;) {
    const byte = serialRead();
    if (byte < 0) {
      idle();
      continue;
    }
    const state = lineByte(byte);
    if (state === LINE.COMPLETE) complete();
    else if (state !== LINE.OPEN) return state;
  }
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
  logText(PROMPT);
  lineShow();
}
