/** The kernel's prompt on the serial port: reads a line, obeys it, for ever. */
import { serialRead } from "../arch/serial.ts";
import { logLine, logText } from "../base/log.ts";
import { pause } from "../doors/machine.ts";
import { commandRun } from "./commands.ts";
import { LINE, lineByte, lineLength, lineStart, lineText } from "./line.ts";
import { wordsSet } from "./words.ts";

/** Never returns. It polls: no interrupt tells of a key yet. */
export function consoleRun(): never {
  for (;;) {
    logText("> ");
    switch (lineRead()) {
      case LINE.READY:
        wordsSet(lineText(), lineLength());
        commandRun();
        break;
      case LINE.TOO_LONG:
        logLine("That line is too long; nothing was done.");
        break;
      default: // given up: a new prompt
    }
  }
}

/** Reads until the line ends; answers how, as one of LINE. */
function lineRead(): number {
  lineStart();
  for (;;) {
    const byte = serialRead();
    if (byte < 0) {
      pause();
      continue;
    }
    const state = lineByte(byte);
    if (state !== LINE.OPEN) return state;
  }
}
