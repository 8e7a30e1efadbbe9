/** README.md as a test reads it: what it shows, what it says to type, and how both compare with the real thing. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./machine.ts";

export function documentRead(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** What stands between fences, or is indented by four, in the order of the document. */
export function blocksOf(document: string): string[] {
  const fenced = [...document.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, block]) => block!);
  const indented = [...document.matchAll(/(?<=\n\n)((?: {4}.*\n)+)/g)];
  return [...fenced, ...indented.map(([block]) => block.replaceAll(/^ {4}/gm, ""))];
}

/** What stands between backticks, in running text. */
export function codeOf(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
}

/** A command that was typed behind a prompt, and the lines that followed. */
export interface Exchange {
  readonly typed: string;
  readonly lines: readonly string[];
}
export function exchangesOf(block: string, prompt: string): Exchange[] {
  return `\n${block}`.split(`\n${prompt}`).slice(1).map((part) => {
    const [typed = "", ...lines] = part.trimEnd().split("\n");
    return { typed, lines };
  });
}

/** The lines without their figures, which may differ from machine to machine. */
export function withoutFigures(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll(/0x[0-9a-f]+|\d+/g, "N").replaceAll(/ +(?=N)/g, " ").trimEnd());
}

/** What the make that started the tests has told them, and a person's would not. */
const OF_MAKE = ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MEMORY", "CMDLINE", "GDB"];

/** `make …` as somebody types it, its terminal a pipe: what it says, and what is typed at it. */
export class Made {
  private readonly child;
  private heard = "";
  private read = 0;

  constructor(command: string) {
    const env = { ...process.env };
    for (const name of OF_MAKE) delete env[name];
    this.child = spawn("sh", ["-c", `exec ${command}`], { cwd: ROOT, env, detached: true });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (chunk: Buffer) => (this.heard += chunk.toString("latin1").replaceAll("\r", "")));
    }
    this.child.stdin.on("error", () => {});
  }

  /** Waits for `words`; what was said since the last time, up to them. */
  async until(words: string, seconds = 60): Promise<string> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = this.heard.indexOf(words, this.read);
      if (found >= 0) {
        const said = this.heard.slice(this.read, found);
        this.read = found + words.length;
        return said;
      }
      if (Date.now() > deadline || this.child.exitCode !== null) {
        throw new Error(`no "${words}" in:\n${this.heard.slice(this.read)}`);
      }
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  type(words: string): void {
    this.child.stdin.write(words);
  }

  async ended(): Promise<number | null> {
    if (this.child.exitCode === null) await new Promise((done) => this.child.once("close", done));
    return this.child.exitCode;
  }

  close(): void {
    try {
      process.kill(-this.child.pid!, "SIGTERM");
    } catch {
      // it has ended
    }
  }
}
