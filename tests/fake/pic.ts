/** Two 8259A in a PC, as far as a kernel uses them: edge-triggered lines, masks, in-service bits. */
import type { PortDevice } from "./ports.ts";

const LINES_EACH = 8;
const CASCADE = 2;

class Pic {
  vector = 0;
  mask = 0xff;
  requested = 0;
  inService = 0;
  readsInService = false;
  words: number[] = [];
  #awaited = 0; // initialisation words still to come

  command(value: number): void {
    if ((value & 0x10) !== 0) {
      this.words = [value];
      this.#awaited = 3;
      this.mask = 0;
      this.requested = this.inService = 0;
    } else if ((value & 0x08) !== 0) {
      if ((value & 2) !== 0) this.readsInService = (value & 1) !== 0;
    } else if (value === 0x20) {
      this.inService &= this.inService - 1; // the lowest line has the highest priority
    }
  }
  data(value: number): void {
    if (this.#awaited === 0) {
      this.mask = value;
      return;
    }
    this.#awaited--;
    this.words.push(value);
    if (this.words.length === 2) this.vector = value;
  }
  status(): number {
    return this.readsInService ? this.inService : this.requested;
  }
  /** The line that would interrupt now, or -1. */
  pending(): number {
    for (let line = 0; line < LINES_EACH; line++) {
      if ((this.inService & (1 << line)) !== 0) return -1;
      if ((this.requested & ~this.mask & (1 << line)) !== 0) return line;
    }
    return -1;
  }
  acknowledge(line: number): void {
    this.requested &= ~(1 << line);
    this.inService |= 1 << line;
  }
}

export class FakePics {
  readonly first = new Pic();
  readonly second = new Pic();

  plug(portPlug: (first: number, count: number, device: PortDevice) => void): this {
    for (const [base, pic] of [[0x20, this.first], [0xa0, this.second]] as const) {
      portPlug(base, 1, { read: () => pic.status(), write: (_port, value) => pic.command(value) });
      portPlug(base + 1, 1, { read: () => pic.mask, write: (_port, value) => pic.data(value) });
    }
    return this;
  }

  /** The device on `line` wants to be served. */
  raise(line: number): void {
    const pic = line < LINES_EACH ? this.first : this.second;
    pic.requested |= 1 << line % LINES_EACH;
    this.#cascade();
  }
  /** The line went down before the CPU asked. */
  retract(line: number): void {
    const pic = line < LINES_EACH ? this.first : this.second;
    pic.requested &= ~(1 << line % LINES_EACH);
  }

  /** What the CPU gets when it asks: a vector, or null when nothing is pending. */
  acknowledged(): number | null {
    this.#cascade();
    const line = this.first.pending();
    if (line < 0) return null;
    this.first.acknowledge(line);
    if (line !== CASCADE) return this.first.vector + line;
    const behind = this.second.pending();
    if (behind < 0) return this.second.vector + LINES_EACH - 1; // spurious: nothing is in service there
    this.second.acknowledge(behind);
    return this.second.vector + behind;
  }
  /** The second one asks the first, which remembers it. */
  #cascade(): void {
    if (this.second.pending() >= 0) this.first.requested |= 1 << CASCADE;
  }
  /** What the CPU gets when the line went away on the first one. */
  spurious(): number {
    return this.first.vector + LINES_EACH - 1;
  }
}
