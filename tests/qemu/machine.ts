/** A virtual machine for a test: start it, read what it says on the serial line, talk to it, learn how it ended. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createReadStream, createWriteStream, type ReadStream, type WriteStream } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** UEFI for QEMU, of Debian's package ovmf. */
export const OVMF = "/usr/share/ovmf/OVMF.fd";

/** The kernel ended the run with success: isa-debug-exit code 0x10. */
export const EXIT_SUCCESS = 33;
/** The kernel panicked under the boot option `panic=exit`: isa-debug-exit code 0x11. */
export const EXIT_PANIC = 35;

export interface Boot {
  /** GRUB's ISO, the same under UEFI, or PVH: the same kernel without GRUB, five times faster. */
  door?: "iso" | "uefi" | "pvh";
  /** The product, the kernel with the scenarios compiled in, the one that measures. */
  kernel?: "kernel" | "test" | "debug" | "benchmark";
  memory?: string;
  /** Boot options, as on the command line. */
  options?: string;
  /** More QEMU flags. */
  flags?: string[];
}

export interface Ended {
  /** All that came over the serial line, line ends as "\n". */
  log: string;
  /** QEMU's exit status; "halted" when the kernel has stopped for good; or "timeout". */
  status: number | "halted" | "timeout";
}

/** After the report of a panic the kernel asks what to look at. */
export const PROMPT_STOPPED = "\n! ";
/** The last words of a kernel that only a person can end. */
const HALTED = /(The machine is halted\.\n|\n! )$/;

/** Where the kernel waits with these words as its last, somebody looks at it, and it gets a byte to go on. */
export interface Pause {
  readonly words: string;
  /** Is handed what was said since the last pause. */
  readonly look: (said: string) => Promise<void>;
}

/** Boots, waits until QEMU ends by itself, the kernel halts, or `seconds` are over, and says what happened. */
export async function bootToEnd(boot: Boot, seconds = 60, pause?: Pause): Promise<Ended> {
  const machine = start(boot, "stdio");
  const chunks: Buffer[] = [];
  let halted = false;
  let seen = 0;
  let trouble: unknown;
  machine.stdout?.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    halted = HALTED.test(text(chunks));
    if (halted) machine.kill("SIGKILL");
    if (pause === undefined || !text(chunks).endsWith(pause.words)) return;
    const said = text(chunks).slice(seen);
    seen += said.length;
    pause.look(said).then(() => machine.stdin?.write("\n"), (error: unknown) => {
      trouble = error;
      machine.kill("SIGKILL");
    });
  });
  const status = await ended(machine, seconds);
  if (trouble !== undefined) throw trouble as Error;
  return { log: text(chunks), status: halted ? "halted" : status };
}

/** A machine whose serial line is a pseudo-terminal, as a person's would be. */
export class Conversation {
  private readonly machine: ChildProcess;
  private readonly chunks: Buffer[] = [];
  private terminal: { input: WriteStream; output: ReadStream } | undefined;
  private heard = () => {};
  private read = 0;

  private constructor(machine: ChildProcess) {
    this.machine = machine;
  }

  static async open(boot: Boot): Promise<Conversation> {
    const machine = start({ ...boot, flags: ["-S", "-qmp", "stdio", ...(boot.flags ?? [])] }, "pty");
    const talk = new Conversation(machine);
    const path = await ptyOf(machine);
    execFileSync("stty", ["-F", path, "raw", "-echo"]);
    talk.terminal = { input: createWriteStream(path), output: createReadStream(path) };
    talk.terminal.output.on("data", (chunk) => {
      talk.chunks.push(chunk as Buffer);
      talk.heard();
    });
    talk.terminal.output.on("error", () => {}); // EIO: QEMU has closed its side
    talk.terminal.input.on("error", () => {});
    machine.stdin?.write('{"execute":"qmp_capabilities"}{"execute":"cont"}'); // the listener is there: run
    return talk;
  }

  /** All that was said so far. */
  get log(): string {
    return text(this.chunks);
  }

  /** Types `words` exactly as they are. */
  type(words: string): void {
    this.terminal?.input.write(words);
  }

  /** Waits for `answer` in what was said since the last expectation; gives the text up to and including it. */
  async expect(answer: string | RegExp, seconds = 60): Promise<string> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const unread = this.log.slice(this.read);
      const found = find(unread, answer);
      if (found !== undefined) {
        this.read += found;
        return unread.slice(0, found);
      }
      if (Date.now() > deadline) throw new Error(`no ${String(answer)} within ${seconds} s; since then:\n${unread}`);
      await Promise.race([new Promise<void>((done) => (this.heard = done)), sleep(100)]);
    }
  }

  /** Types a command and gives what was said until the next prompt, without the echo and the prompt. */
  async ask(command: string, prompt = PROMPT, seconds?: number): Promise<string> {
    this.type(`${command}\r`);
    const said = await this.expect(prompt, seconds);
    return said.slice(said.indexOf("\n") + 1, said.length - prompt.length).trimEnd();
  }

  async ended(seconds = 60): Promise<Ended> {
    const status = await ended(this.machine, seconds);
    this.close();
    return { log: this.log, status };
  }

  close(): void {
    this.machine.kill("SIGKILL");
    this.terminal?.input.destroy();
    this.terminal?.output.destroy();
  }
}

export const PROMPT = "\n> ";

function start(boot: Boot, serial: "stdio" | "pty"): ChildProcess {
  return spawn("sh", commandFor(boot, serial), { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] });
}

/** The arguments of `sh` that start this machine with its serial line on `serial`, in ROOT. */
export function commandFor(boot: Boot, serial: string): string[] {
  const door = boot.door ?? "pvh";
  const kernel = boot.kernel ?? "kernel";
  const image = door === "pvh" ? `build/${kernel}.elf` : `build/${kernel}.iso`;
  const firmware = door === "uefi" ? ["-bios", OVMF] : [];
  const flags = ["-serial", serial, ...firmware, ...(boot.flags ?? [])];
  if (boot.memory !== undefined) flags.push("-m", boot.memory);
  if (boot.options !== undefined) {
    if (door === "pvh") flags.push("-append", boot.options);
    else flags.push("-fw_cfg", `name=opt/kernel/cmdline,string=${boot.options.replaceAll(",", ",,")}`);
  }
  return ["scripts/qemu.sh", door === "pvh" ? "pvh" : "iso", image, ...flags];
}

async function ended(machine: ChildProcess, seconds: number): Promise<number | "timeout"> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    machine.kill("SIGKILL");
  }, seconds * 1000);
  const errors: Buffer[] = [];
  machine.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  if (machine.exitCode === null) await new Promise((done) => machine.once("close", done));
  clearTimeout(timer);
  if (late) return "timeout";
  if (machine.exitCode === 1) throw new Error(`QEMU did not start: ${text(errors)}`);
  return machine.exitCode ?? "timeout";
}

/** QEMU says where its pseudo-terminal is: "char device redirected to /dev/pts/3 (label serial0)". */
function ptyOf(machine: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    let said = "";
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
      const path = /redirected to (\S+)/.exec(said)?.[1];
      if (path !== undefined) found(path);
    };
    machine.stdout?.on("data", listen);
    machine.stderr?.on("data", listen);
    machine.once("close", () => failed(new Error(`QEMU ended before it opened a terminal: ${said}`)));
  });
}

function find(said: string, answer: string | RegExp): number | undefined {
  if (typeof answer === "string") {
    const at = said.indexOf(answer);
    return at < 0 ? undefined : at + answer.length;
  }
  const match = answer.exec(said);
  return match === null ? undefined : match.index + match[0].length;
}

function text(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString("latin1").replaceAll("\r\n", "\n");
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
