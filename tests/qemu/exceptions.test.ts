/**
 * All 32 exceptions, provoked in tests/qemu/kernel/exceptions.ts and told by the kernel's own report. Each comes in the
 * realest way that code in ring 0 has under QEMU 7.2's TCG:
 *
 *    0 #DE  div by zero                                 16 #MF  x87 division by zero, unmasked, at the next fwait
 *    1 #DB  single step; a debug register; not int1,    17 #AC  by hand: it takes ring 3, and TCG has no such check
 *           which under TCG is for a debugger only      18 #MC  injected by QEMU's monitor (`mce`)
 *    2 NMI  injected by QEMU's monitor (inject-nmi)     19 #XM  a real CPU: divss by zero; TCG raises none: int 19
 *    3 #BP  the door breakpoint; a stray int3           20 #VE  int 20: it takes a hypervisor of Intel's
 *    4 #OF  int 4: INTO is invalid in 64-bit mode       21 #CP  by hand: TCG has no shadow stacks
 *    5 #BR  int 5: BOUND is invalid in 64-bit mode      22-27   int n: reserved
 *    6 #UD  ud2                                         28 #HV  int 28: it takes a hypervisor of AMD's
 *    7 #NM  an x87 instruction while CR0.TS is set      29 #VC  by hand: the same
 *    8 #DF  a page fault without a stack; overflow      30 #SX  by hand: the same
 *    9      int 9: no CPU since the 386 raises it       31      int 31: reserved
 *   10 #TS  a gate's stack beyond the TSS's limit
 *   11 #NP  a segment, and a gate, not present          `int n` pushes no error code. By hand means that the code plays
 *   12 #SS  SS loaded with a segment not present        the CPU for vectors that have one: it pushes what the manual
 *   13 #GP  an address that is none; a bad selector     says, error code included, and goes where the gate points.
 *   14 #PF  a read, a write, a fetch
 *   15      int 15: reserved
 */
import { beforeAll, describe, expect, test } from "vitest";
import { bootToEnd, Conversation, EXIT_PANIC, EXIT_SUCCESS, PROMPT_STOPPED } from "./machine.ts";
import { Monitor } from "./monitor.ts";

const END = "watch: end\n";
const CODE = 0x4440_0000_0000n; // where the provoking code lies

interface Provoked {
  readonly name: string;
  /** RIP - CODE; the instruction itself, or for a trap the one behind it. */
  readonly at?: bigint;
  readonly lines?: readonly (string | RegExp)[];
  /** What the kernel says as it goes on. */
  readonly after?: RegExp;
}

/** By vector, in the order in which they come. */
const PROVOKED: Readonly<Record<number, readonly Provoked[]>> = {
  0: [{ name: "#DE divide error", at: 4n, lines: [/ rcx +0{16}$/m] }],
  1: [
    { name: "#DB debug exception", at: 11n, after: /^trap\/debug: single step at v0x44400000000b\n/ },
    { name: "#DB debug exception", at: 24n, after: /^trap\/debug: debug register 0 at v0x444000000018\n/ },
  ],
  3: [
    { name: "#BP breakpoint", after: /^trap\/debug: breakpoint at v0xffffffff80[0-9a-f]{6}\n/ },
    { name: "#BP breakpoint", at: 1n },
  ],
  4: [{ name: "#OF overflow", at: 2n }],
  5: [{ name: "#BR bound range exceeded", at: 2n }],
  6: [{ name: "#UD invalid opcode", at: 150n, lines: registers() }],
  7: [{ name: "#NM device not available", at: 0n }],
  9: [{ name: "coprocessor segment overrun", at: 2n }],
  10: [{ name: "#TS invalid TSS", at: 0n, lines: ["  error    0x38: GDT selector 0x38\n"] }],
  11: [
    { name: "#NP segment not present", at: 4n, lines: ["  error    0x18: GDT selector 0x18\n"] },
    {
      name: "#NP segment not present", at: 0n,
      // The manual: gate 128, error code 0x402. QEMU 7.2 counts gates by their 16 bytes, in units of 8.
      lines: [/^ {2}error {4}(0x402: the IDT's gate for vector 128|0x802: the IDT's gate for vector 256)$/m],
    },
  ],
  12: [{ name: "#SS stack-segment fault", at: 4n, lines: ["  error    0x18: GDT selector 0x18\n"] }],
  13: [
    { name: "#GP general protection", at: 10n, lines: ["  error    0x0: no selector\n"] },
    { name: "#GP general protection", at: 4n, lines: ["  error    0x48: GDT selector 0x48\n"] },
  ],
  14: [
    { name: "#PF page fault", at: 2n, lines: [pageFault("0x10", "0x0: a read by the kernel, page not present")] },
    {
      name: "#PF page fault", at: 10n,
      lines: [pageFault("0xffffffff80[0-9a-f]{6}", "0x3 P W: a write by the kernel, page present but protected")],
    },
    {
      name: "#PF page fault",
      lines: [pageFault("0xffffffff80[0-9a-f]{6}", "0x11 P I: a fetch by the kernel, page present but protected")],
    },
  ],
  15: [{ name: "vector 15", at: 2n }],
  16: [{ name: "#MF floating-point error", at: 17n }],
  17: [{ name: "#AC alignment check", at: 37n, lines: ["  error    0x0\n"] }],
  19: [{ name: "#XM SIMD floating-point error" }],
  20: [{ name: "#VE virtualization exception", at: 2n }],
  21: [{
    name: "#CP control protection", at: 37n,
    lines: ["  error    0x3: an indirect branch to where no endbr64 is\n"],
  }],
  ...Object.fromEntries([22, 23, 24, 25, 26, 27, 31].map((n) => [n, [{ name: `vector ${n}`, at: 2n }]])),
  28: [{ name: "#HV hypervisor injection", at: 2n }],
  29: [{ name: "#VC VMM communication", at: 37n, lines: ["  error    0x72\n"] }],
  30: [{ name: "#SX security exception", at: 37n, lines: ["  error    0x1\n"] }],
};

describe("exceptions that are survived", () => {
  const told = new Map<number, string[]>();
  let log = "";
  beforeAll(async () => {
    const ended = await bootToEnd({ kernel: "test", options: "scenario=exceptions panic=exit" });
    log = ended.log;
    expect(ended.status, log).toBe(EXIT_SUCCESS);
    for (const [vector, piece] of provocations(log)) told.set(vector, [...(told.get(vector) ?? []), piece]);
  });

  test("they are all 32 but NMI, double fault and machine check", () => {
    const vectors = Array.from({ length: 32 }, (_, vector) => vector).filter((n) => ![2, 8, 18].includes(n));
    expect([...told.keys()].sort((a, b) => a - b)).toEqual(vectors);
  });

  test.each(Object.entries(PROVOKED))("vector %s is told as what it is", (vector, expected) => {
    const pieces = told.get(Number(vector)) ?? [];
    expect(pieces).toHaveLength(expected.length);
    expected.forEach(({ name, at, lines, after }, i) => {
      const [report = ""] = pieces[i]!.split("last lines of the log\n");
      const rest = pieces[i]!.slice(pieces[i]!.lastIndexOf(END) + END.length);
      expect(report).toContain(`watch: on the boot stack\n\ntrap/fatal: ${name}\n`);
      if (at !== undefined) expect(report).toMatch(new RegExp(`^ {2}at +v0x${(CODE + at).toString(16)}\\b`, "m"));
      expect(/^ {2}error/m.test(report)).toBe([10, 11, 12, 13, 14, 17, 21, 29, 30].includes(Number(vector)));
      expect(/^ {2}address/m.test(report)).toBe(vector === "14");
      for (const line of lines ?? []) {
        if (typeof line === "string") expect(report).toContain(line);
        else expect(report).toMatch(line);
      }
      if (after !== undefined) expect(rest).toMatch(after);
    });
  });

  test("no line is wider than the screen", () => {
    for (const line of log.split("\n")) expect(line.length, line).toBeLessThan(80);
  });
});

describe("exceptions with a stack of their own", () => {
  /** RSP is 0x10, where nothing is: on the stack in use no exception could be delivered. */
  const WITHOUT_STACK = / rsp +0{14}10 /;

  test("a fault that cannot be delivered is a double fault", async () => {
    const { log, status } = await bootToEnd({ kernel: "test", options: "scenario=double-fault panic=exit" });
    expect(status, log).toBe(EXIT_PANIC);
    expect(log).toContain("watch: on the double-fault stack\n\ntrap/fatal: #DF double fault\n");
    expect(log).toMatch(/^ {2}error {4}0x0$/m);
    expect(log).toMatch(WITHOUT_STACK);
  });

  test("a stack overflow lands in the guard page and is called that, and what it became: a double fault", async () => {
    const { log, status } = await bootToEnd({ kernel: "test", options: "scenario=overflow panic=exit" });
    expect(status, log).toBe(EXIT_PANIC);
    expect(log).toContain("trap/fatal: #DF double fault\n");
    expect(log).toMatch(/stack overflow/);
    const [, guard = ""] = /^ {2}address {2}v0x([0-9a-f]+)/m.exec(log) ?? [];
    const [, rsp = ""] = / rsp +([0-9a-f]+)/.exec(log) ?? [];
    expect(BigInt(`0x${rsp}`) - BigInt(`0x${guard}`)).toBeLessThanOrEqual(8n); // it was a push
  });

  test.each([
    ["an NMI", "nmi", "NMI non-maskable interrupt"],
    ["a machine check", "mce 0 9 0xb200000000000000 0x4 0x0 0x0", "#MC machine check"],
  ])("%s comes at any moment, with any stack", async (_, command, name) => {
    const monitor = new Monitor();
    const talk = await Conversation.open({ kernel: "test", options: "scenario=wait", flags: monitor.flags });
    try {
      await talk.expect("scenario: without a stack\n");
      await monitor.connect();
      while (!/RSP=0{14}10\b/.test(await ask(monitor, "info registers"))); // it has said so, and is about to
      await ask(monitor, command);
      const log = await talk.expect(PROMPT_STOPPED);
      const stack = command === "nmi" ? "nmi" : "machine-check";
      expect(log).toContain(`watch: on the ${stack} stack\n\ntrap/fatal: ${name}\n`);
      expect(log).toMatch(WITHOUT_STACK);
    } finally {
      monitor.close();
      talk.close();
    }
  });
});

async function ask(monitor: Monitor, command: string): Promise<string> {
  return String(await monitor.execute("human-monitor-command", { "command-line": command }));
}

/** Vector and what was said until the next. A report repeats lines of the log: only a new count begins a new piece. */
function provocations(log: string): [number, string][] {
  const starts = [...log.matchAll(/^provoke (\d+) vector=(\d+)\n/gm)];
  const fresh = starts.filter(({ 1: count }, i) => starts.findIndex((each) => each[1] === count) === i);
  return fresh.map(({ 2: vector, index }, i) => [Number(vector), log.slice(index, fresh[i + 1]?.index)]);
}

/** As the code loads them: a pattern with the register's number, or RSP as it was. */
function registers(): RegExp[] {
  const order = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");
  return order.flatMap((name, i) => {
    if (name === "rsp") return [];
    return [new RegExp(` ${name} +5eed00000000000${i.toString(16)}\\b`)];
  });
}

function pageFault(address: string, error: string): RegExp {
  return new RegExp(`^  address  v${address}\\n(  [^\\n]*\\n)*?  error    ${error}$`, "m");
}
