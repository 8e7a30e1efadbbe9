/** QEMU's monitor: the machine looked at from outside, without the kernel's help. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CHUNK = 0x10_0000n;
/** CR3 bits 12..51: where the table of level 4 is. */
const CR3_TABLE = 0x000f_ffff_ffff_f000n;

interface Reply {
  return?: unknown;
  error?: { desc: string };
  event?: string;
}

/** One machine's monitor. Give `flags` to the machine, then `connect`, and `close` at the end. */
export class Monitor {
  private readonly folder = mkdtempSync(join(tmpdir(), "monitor-"));
  private readonly path = join(this.folder, "qmp");
  private readonly chunks = new Map<bigint, Buffer>();
  private socket: Socket | undefined;
  private waiting: ((reply: Reply) => void)[] = [];

  get flags(): string[] {
    return ["-qmp", `unix:${this.path},server=on,wait=off`];
  }

  async connect(): Promise<void> {
    if (this.socket !== undefined) return;
    const socket = connect(this.path);
    this.socket = socket;
    await new Promise((done, failed) => socket.once("connect", done).once("error", failed));
    let unread = "";
    socket.on("data", (data) => {
      unread += data.toString();
      const lines = unread.split("\n");
      unread = lines.pop() ?? "";
      for (const line of lines) this.hear(JSON.parse(line) as Reply);
    });
    await this.execute("qmp_capabilities");
  }

  close(): void {
    this.socket?.destroy();
    rmSync(this.folder, { recursive: true });
  }

  async execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    const reply = new Promise<Reply>((answer) => this.waiting.push(answer));
    this.socket?.write(JSON.stringify({ execute: command, arguments: args }));
    const { error, return: value } = await reply;
    if (error !== undefined) throw new Error(`${command}: ${error.desc}`);
    return value;
  }

  /** Stops the machine and answers where its page tables begin. */
  async stop(): Promise<bigint> {
    await this.execute("stop");
    const registers = String(await this.execute("human-monitor-command", { "command-line": "info registers" }));
    const cr3 = /CR3=([0-9a-f]+)/.exec(registers)?.[1];
    if (cr3 === undefined) throw new Error(`no CR3 in:\n${registers}`);
    return BigInt(`0x${cr3}`) & CR3_TABLE;
  }

  /** Lets it go on; what was read of it is no longer so. */
  async goOn(): Promise<void> {
    this.chunks.clear();
    await this.execute("cont");
  }

  /** The 512 entries of the page table at physical `table`, of a machine that stands still. */
  async table(table: bigint): Promise<bigint[]> {
    const start = table - (table % CHUNK);
    let chunk = this.chunks.get(start);
    if (chunk === undefined) {
      const filename = join(this.folder, "memory");
      await this.execute("pmemsave", { val: Number(start), size: Number(CHUNK), filename });
      chunk = readFileSync(filename);
      this.chunks.set(start, chunk);
    }
    const at = Number(table - start);
    const bytes = chunk;
    return Array.from({ length: 512 }, (_, index) => bytes.readBigUInt64LE(at + index * 8));
  }

  /** Replies come in the order of the commands; the greeting and events are nobody's. */
  private hear(reply: Reply): void {
    if ("return" in reply || "error" in reply) this.waiting.shift()?.(reply);
  }
}
