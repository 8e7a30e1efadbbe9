/** Allocation traces, made when they are wanted: the same bytes in every run. */

/** What a trace is written with. Ids are never used twice. */
export class Trace {
  readonly lines: string[] = [];
  private ids = 0;

  take(size: number): number {
    const id = this.ids++;
    this.lines.push(`a ${id} ${Math.max(1, Math.round(size))}`);
    return id;
  }
  resize(id: number, size: number): void {
    this.lines.push(`r ${id} ${Math.max(1, Math.round(size))}`);
  }
  give(id: number): void {
    this.lines.push(`f ${id}`);
  }
  giveAll(ids: Iterable<number>): void {
    for (const id of ids) this.give(id);
  }
  text(): string {
    return ["20000000", this.ids, this.lines.length, 1, ...this.lines, ""].join("\n");
  }
}

/** A generator by Bob Jenkins ("a small noncryptographic PRNG"), and what is drawn with it. */
class Random {
  private a = 0xf1ea5eed;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: number) {
    this.b = this.c = this.d = seed >>> 0;
    for (let i = 0; i < 20; i++) this.unit();
  }
  unit(): number {
    const e = (this.a - ((this.b << 27) | (this.b >>> 5))) >>> 0;
    this.a = (this.b ^ ((this.c << 17) | (this.c >>> 15))) >>> 0;
    this.b = (this.c + this.d) >>> 0;
    this.c = (this.d + e) >>> 0;
    this.d = (e + this.a) >>> 0;
    return this.d / 2 ** 32;
  }
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }
  /** Each doubling as likely as another. */
  doublings(low: number, high: number): number {
    return Math.floor(low * (high / low) ** this.unit());
  }
  isChance(of: number): boolean {
    return this.unit() < of;
  }
  pick(from: readonly number[]): number {
    return from[this.below(from.length)] ?? 0;
  }
  /** Takes one out of the list. */
  drawn(from: number[]): number {
    const i = this.below(from.length);
    const chosen = from[i] ?? 0;
    from[i] = from[from.length - 1] ?? 0;
    from.pop();
    return chosen;
  }
}

/** Small and large in turn; the large go, and what comes is larger than each of their holes. */
function binary(trace: Trace, small: number, large: number, then: number, count: number): void {
  const smalls: number[] = [];
  const larges: number[] = [];
  for (let i = 0; i < count; i++) {
    smalls.push(trace.take(small));
    larges.push(trace.take(large));
  }
  trace.giveAll(larges);
  const later = Array.from({ length: count }, () => trace.take(then));
  trace.giveAll(smalls);
  trace.giveAll(later);
}

/** One block grows by steps, and between two steps a small one comes and the one before it goes. */
function growing(trace: Trace, first: number, step: number, small: number, steps: number): void {
  const block = trace.take(first);
  let other = trace.take(small);
  for (let i = 1; i <= steps; i++) {
    trace.resize(block, first + i * step);
    const next = trace.take(small);
    trace.give(other);
    other = next;
  }
  trace.giveAll([block, other]);
}

/** Two blocks go, and one as large as both comes. */
function coalescing(trace: Trace, size: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const pair = [trace.take(size), trace.take(size)];
    trace.giveAll(pair);
    trace.give(trace.take(2 * size));
  }
}

function random(trace: Trace, seed: number, sizeOf: (random: Random) => number, count: number, live: number): void {
  const chance = new Random(seed);
  const out: number[] = [];
  for (let i = 0; i < count; i++) {
    if (out.length < live && chance.isChance(0.6)) out.push(trace.take(sizeOf(chance)));
    else if (out.length > 0) trace.give(chance.drawn(out));
  }
  trace.giveAll(out);
}

/** Function after function: names stay, tokens go at once, trees with their function, text in large buffers. */
function compiler(trace: Trace, seed: number, functions: number): void {
  const chance = new Random(seed);
  const names: number[] = [];
  const text = trace.take(40_000);
  for (let i = 0; i < functions; i++) {
    const nodes: number[] = [];
    const chunk = trace.take(4064);
    for (let left = chance.between(30, 150); left > 0; left--) {
      const token = trace.take(chance.between(2, 24));
      if (chance.isChance(0.3)) names.push(trace.take(chance.between(9, 40)), trace.take(72));
      nodes.push(trace.take(chance.pick([24, 32, 40, 48, 48, 64, 88])));
      if (chance.isChance(0.9)) trace.give(token);
      else nodes.push(token);
    }
    const code = trace.take(256);
    for (let size = 512; size < 200 * nodes.length; size *= 2) trace.resize(code, size);
    trace.giveAll(nodes.reverse());
    trace.giveAll([chunk, code]);
  }
  trace.giveAll([text, ...names]);
}

/** Pages are visited: trees of elements, strings, growing lists, pictures; most of it goes with the page. */
function browser(trace: Trace, seed: number, pages: number): void {
  const chance = new Random(seed);
  const kept: number[] = [];
  for (let page = 0; page < pages; page++) {
    const own: number[] = [];
    const lists: [number, number][] = [];
    for (let left = chance.between(300, 900); left > 0; left--) {
      own.push(trace.take(chance.pick([40, 56, 72, 104, 136, 200, 264])));
      if (chance.isChance(0.5)) own.push(trace.take(chance.doublings(4, 600)));
      if (chance.isChance(0.05)) lists.push([trace.take(64), 64]);
      if (lists.length > 0 && chance.isChance(0.2)) {
        const list = lists[chance.below(lists.length)];
        if (list !== undefined) trace.resize(list[0], (list[1] = Math.min(list[1] * 2, 65_536)));
      }
      if (chance.isChance(0.01)) own.push(trace.take(chance.doublings(8192, 300_000)));
      if (chance.isChance(0.03)) kept.push(trace.take(chance.doublings(16, 2048)));
      if (chance.isChance(0.3)) trace.give(chance.drawn(own));
    }
    trace.giveAll(own);
    trace.giveAll(lists.map(([list]) => list));
    while (kept.length > 200) trace.give(chance.drawn(kept));
  }
  trace.giveAll(kept);
}

/** Objects of a few sizes that live in queues and in tables, and now and then a large buffer. */
function kernel(trace: Trace, seed: number, rounds: number): void {
  const chance = new Random(seed);
  const queues: number[][] = [[], [], [], [], []];
  const sizes = [48, 64, 192, 232, 1504];
  const table: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const which = chance.below(queues.length);
    const queue = queues[which] ?? [];
    queue.push(trace.take(sizes[which] ?? 8));
    if (queue.length > 40 + which * 10) trace.give(queue.shift() ?? 0);
    if (chance.isChance(0.2)) table.push(trace.take(chance.pick([24, 56, 120, 256, 576, 2048, 4096])));
    if (table.length > 300) trace.give(chance.drawn(table));
    if (chance.isChance(0.01)) trace.give(trace.take(chance.doublings(4096, 131_072)));
  }
  for (const queue of queues) trace.giveAll(queue);
  trace.giveAll(table);
}

/**
 * Robson's worst case for any allocator that does not move blocks ("Worst case fragmentation of first fit and best fit
 * storage allocation strategies", 1977), in its simple form: of each size every other one goes, and the next size is
 * twice as large, so that no hole fits.
 */
function doubling(trace: Trace, total: number): void {
  let out: number[] = [];
  let bytes = 0;
  for (let size = 16; size <= 65_536; size *= 2) {
    const now: number[] = [];
    while (bytes + size <= total) {
      now.push(trace.take(size - 8));
      bytes += size;
    }
    now.forEach((id, i) => {
      if (i % 2 === 0) {
        trace.give(id);
        bytes -= size;
      } else {
        out.push(id);
      }
    });
  }
  trace.giveAll(out);
  out = [];
}

/** Holes that are one unit smaller than what is asked for next: classes of 1/64 cannot tell, and must look. */
function slivers(trace: Trace, count: number): void {
  for (let size = 1500; size < 60_000; size = Math.round(size * 1.7)) {
    const walls: number[] = [];
    const holes: number[] = [];
    for (let i = 0; i < count; i++) {
      holes.push(trace.take(size));
      walls.push(trace.take(16));
    }
    trace.giveAll(holes);
    const larger = Array.from({ length: count }, () => trace.take(size + 8));
    trace.giveAll(walls);
    trace.giveAll(larger);
  }
}

const log = (low: number, high: number) => (chance: Random): number => chance.doublings(low, high);

export const TRACES: Readonly<Record<string, (trace: Trace) => void>> = {
  "binary": (trace) => binary(trace, 64, 448, 512, 2000),
  "binary2": (trace) => binary(trace, 16, 112, 128, 4000),
  "realloc": (trace) => growing(trace, 512, 128, 128, 4799),
  "realloc2": (trace) => growing(trace, 4092, 5, 16, 4799),
  "coalescing": (trace) => coalescing(trace, 4095, 2400),
  "random": (trace) => random(trace, 1, (chance) => chance.between(1, 32_768), 4800, 2400),
  "random-log": (trace) => random(trace, 2, log(1, 65_536), 20_000, 1000),
  "random-small": (trace) => random(trace, 3, log(8, 512), 20_000, 3000),
  "compiler": (trace) => compiler(trace, 4, 40),
  "browser": (trace) => browser(trace, 5, 12),
  "kernel": (trace) => kernel(trace, 6, 12_000),
  "doubling": (trace) => doubling(trace, 1 << 19),
  "slivers": (trace) => slivers(trace, 150),
};

/** The text of a trace; null if none is called so. */
export function traceText(name: string): string | null {
  const write = TRACES[name];
  if (write === undefined) return null;
  const trace = new Trace();
  write(trace);
  return trace.text();
}
