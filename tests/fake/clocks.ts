/** The PIT's channels 0 and 2 with the port around them, and the RTC: time is the fake CPU's TSC. */
import { cpu } from "./cpu.ts";
import type { PortDevice } from "./ports.ts";

type Plug = (first: number, count: number, device: PortDevice) => void;
const PIT_HZ = 1_193_182;

/** A look at a clock takes as many cycles of the TSC. */
const PORT_CYCLES = 1000n;

export class FakePit {
  readonly #counts = new Map<number, number>();
  #low: number | null = null;
  #gate = false;
  #start = 0n;
  #latched: number[] = [];
  readonly modes: number[] = [];
  /** Called at each look at a port: the host may let the machine wait. */
  delay: () => bigint = () => PORT_CYCLES;

  constructor(readonly tscHertz: number) {}

  plug(portPlug: Plug): this {
    portPlug(0x40, 3, {
      read: () => this.#latched.shift() ?? 0,
      write: (port, value) => this.#write(port - 0x40, value),
    });
    portPlug(0x43, 1, { write: (_port, value) => this.#command(value) });
    portPlug(0x61, 1, {
      read: () => {
        cpu.tsc += this.delay();
        return this.#gate && this.#elapsed() >= this.counts(2) ? 0x21 : 0x01;
      },
      write: (_port, value) => void (this.#gate = (value & 3) === 1),
    });
    return this;
  }
  /** What a channel counts down from. */
  counts(channel: number): number {
    return this.#counts.get(channel) ?? 0x1_0000;
  }
  #elapsed(): number {
    return Math.floor((Number(cpu.tsc - this.#start) / this.tscHertz) * PIT_HZ);
  }
  #command(value: number): void {
    if (value !== 0x80) {
      this.modes.push(value);
      return;
    }
    const wait = this.delay(); // before the look and behind it
    cpu.tsc += wait / 2n;
    const now = (((this.counts(2) - this.#elapsed()) % 0x1_0000) + 0x1_0000) % 0x1_0000;
    this.#latched = [now & 0xff, now >> 8];
    cpu.tsc += wait - wait / 2n;
  }
  #write(channel: number, value: number): void {
    if (this.#low === null) {
      this.#low = value;
      return;
    }
    this.#counts.set(channel, (value << 8) | this.#low || 0x1_0000);
    this.#low = null;
    this.#start = cpu.tsc;
  }
}

/** Registers 0..11, as they read; `updates` status reads say that they are about to change. */
export function plugRtc(portPlug: Plug, registers: readonly number[], updates = 0): void {
  let index = 0;
  let left = updates;
  portPlug(0x70, 1, { write: (_port, value) => void (index = value & 0x7f) });
  portPlug(0x71, 1, {
    read: () => {
      if (index === 10) return left-- > 0 ? 0xa6 : 0x26;
      return registers[index] ?? 0;
    },
  });
}
