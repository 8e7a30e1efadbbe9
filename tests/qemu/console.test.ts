import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Conversation, EXIT_PANIC, EXIT_SUCCESS, PROMPT_STOPPED } from "./machine.ts";

describe("at the prompt, through a pseudo-terminal", () => {
  let talk: Conversation;
  beforeAll(async () => {
    talk = await Conversation.open({ door: "iso" });
    await talk.expect("\n> ");
  });
  afterAll(() => talk.close());

  test("help lists every command, aligned", async () => {
    const said = await talk.ask("help");
    for (const command of ["help", "mem", "memmap", "walk        ADDR", "fault       ADDR", "panic", "exit"]) {
      expect(said).toContain(`  ${command} `);
    }
    for (const line of said.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("memmap adds up to the last byte", async () => {
    const said = await talk.ask("memmap");
    const rows = [...said.matchAll(/^ *p0x[0-9a-f]+ +p0x[0-9a-f]+ +(\d+) {2}/gm)].map((row) => Number(row[1]));
    const sums = [...said.matchAll(/^ {20,}(\d+) {2}(.+)$/gm)].map(([, kib, what]) => [what!, Number(kib)] as const);
    const all = sums.find(([what]) => what === "in all")![1];
    expect(rows.reduce((sum, kib) => sum + kib, 0)).toBe(all);
    expect(sums.filter(([what]) => what !== "in all").reduce((sum, [, kib]) => sum + kib, 0)).toBe(all);
  });

  test("a page of the demand-paged window costs a frame and two tables, and is there from then on", async () => {
    const free = async () => Number(/frames +\d+ +(\d+)/.exec(await talk.ask("mem"))![1]);
    const before = await free();
    const said = await talk.ask("fault 0xffffe80000001234");
    expect(said).toMatch(/^Not mapped, and repaired: v0xffffe80000001234 .*p0x[0-9a-f]+234/);
    expect(said).toContain("The byte there is 0x0.");
    expect(await free()).toBe(before - 3);

    const place = /(p0x[0-9a-f]+)/.exec(said)![1]!;
    expect(await talk.ask("walk 0xffffe80000001234")).toContain(`${place}, in a page of 4 KiB`);
    expect(await talk.ask("fault 0xffffe80000001234")).not.toContain("Not mapped");
    expect(await free()).toBe(before - 3);
  });

  test("walk shows the walk: 4 KiB pages, large pages, and where nothing is", async () => {
    const heap = await talk.ask("walk 0x4444_4444_0010");
    expect(heap.match(/^ {2}level \d /gm)).toHaveLength(4);
    expect(heap).toMatch(/level 1 .* P W .*G XD\n {2}p0x[0-9a-f]+010, in a page of 4 KiB/);
    expect(await talk.ask("walk 0xffff800010000000")).toContain("p0x10000000, in a page of 2 MiB");
    expect(await talk.ask("walk 0")).toContain("not mapped: the entry of level 4 is not present");
    expect(await talk.ask("walk 0x8000000000000000")).toContain("not canonical");
  });

  test.each([
    ["xyzzy", "There is no command xyzzy; help lists them."],
    ["walk", "walk takes one argument: walk ADDR"],
    ["walk 1 2", "walk takes one argument: walk ADDR"],
    ["mem now", "mem takes no argument."],
    ["fault 12q", "12q is not a number below 2^64; see help."],
    ["fault 0x1ffffffffffffffff", "0x1ffffffffffffffff is not a number below 2^64; see help."],
    ["fault -1", "-1 is not a number below 2^64; see help."],
    ["MEM", "There is no command MEM; help lists them."],
  ])("%s: %s", async (typed, answer) => {
    expect(await talk.ask(typed)).toContain(answer);
  });

  test("bt says who waits for the command, regs the control registers, log what the kernel said", async () => {
    const bt = await talk.ask("bt");
    expect(bt).toMatch(/^backtrace\n {2}#0 0x[0-9a-f]{16} btCommand +kernel\/console\/trap-commands\.ts:\d+$/m);
    expect(bt).toMatch(/ kernelMain +kernel\/main\.ts:\d+\n +#\d+ 0x[0-9a-f]{16} higher_half +boot\/\w+\.asm:\d+$/);
    expect(await talk.ask("regs")).toMatch(/^registers\n {2}cr0 +0000000080010033 /);
    expect(await talk.ask("log")).toMatch(/^boot: Palimpsest[^]*\nboot: up frames-free=\d+$/);
  });

  test("nothing, and blanks, are no command and no mistake", async () => {
    expect(await talk.ask("")).toBe("");
    expect(await talk.ask("     ")).toBe("");
    expect(await talk.ask("   mem   ")).toContain("frames");
  });

  test("backspace takes back, Ctrl-U and Ctrl-C start over", async () => {
    expect(await talk.ask("hexx\b\x7flp")).toContain("this list");
    expect(await talk.ask("panic\x15help")).toContain("this list");
    talk.type("panic\x03");
    await talk.expect("\n> ");
    expect(await talk.ask("help")).toContain("this list");
  });

  test("a line that is too long is refused whole, and the prompt goes on", async () => {
    expect(await talk.ask("x".repeat(500))).toContain("That line is too long; nothing was done.");
    expect(await talk.ask("help")).toContain("this list");
  });

  test("exit ends QEMU with success", async () => {
    talk.type("exit\r");
    expect((await talk.ended()).status).toBe(EXIT_SUCCESS);
  });
});

test("panic stops the kernel with the report; then the prompt looks at what is left, and exit says 35", async () => {
  const talk = await Conversation.open({});
  try {
    await talk.expect("\n> ");
    talk.type("panic\r");
    const report = await talk.expect(PROMPT_STOPPED);
    expect(report).toContain("trap/fatal: panic: console: panic was typed at the prompt");
    expect(report).toMatch(/cr0 +0000000080010033/);
    for (const line of report.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);

    const ask = (command: string) => talk.ask(command, PROMPT_STOPPED);
    const part = (begin: string, end: string) => report.slice(report.indexOf(begin), report.indexOf(end)).trimEnd();
    expect(await ask("regs")).toBe(part("registers\n", "backtrace\n"));
    expect(await ask("bt")).toBe(part("backtrace\n", "last lines of the log\n"));
    expect(await ask("log")).toMatch(/^boot: Palimpsest[^]*\nboot: up frames-free=\d+$/);
    expect(await ask("walk 0x4444_4444_0010")).toMatch(/p0x[0-9a-f]+010, in a page of 4 KiB$/);
    expect(await ask("memmap")).toContain("in all");
    expect(await ask("mem")).toMatch(/^heap bytes /m);
    expect(await ask("panic")).toBe("panic is not to be had after a panic.");
    talk.type("exit\r");
    expect((await talk.ended()).status).toBe(EXIT_PANIC);
  } finally {
    talk.close();
  }
});

test("fault at an address that is nobody's ends in the report with the walk of that address", async () => {
  const talk = await Conversation.open({});
  try {
    await talk.expect("\n> ");
    talk.type("fault 0x123456789000\r");
    const report = await talk.expect(PROMPT_STOPPED);
    expect(report).toContain("trap/fatal: #PF page fault");
    expect(report).toContain("address  v0x123456789000\n");
    expect(report).toMatch(/walk of v0x123456789000 from p0x[0-9a-f]+\n {2}level 4 {2}\[ 36\]/);
  } finally {
    talk.close();
  }
});
