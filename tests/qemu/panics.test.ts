import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bootToEnd, Conversation, EXIT_PANIC, PROMPT_STOPPED, ROOT } from "./machine.ts";

const SCENARIOS = "tests/qemu/kernel/panics.ts";

/** `file:line` of the one line of `file` that has `text`. */
function line(file: string, text: string): string {
  const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
  const found = lines.flatMap((words, i) => (words.includes(text) ? [i + 1] : []));
  if (found.length !== 1) throw new Error(`${found.length} lines of ${file} have ${text}`);
  return `${file}:${found[0]}`;
}
function here(mark: string): string {
  const file = readFileSync(join(ROOT, SCENARIOS), "utf8").split("\n");
  const found = file.findIndex((words) => words.endsWith(`// here: ${mark}`));
  if (found < 0) throw new Error(`nothing is marked ${mark}`);
  return `${SCENARIOS}:${found + 1}`;
}

/** A frame of the backtrace: what stands where the address does, the function, where. */
interface Frame {
  readonly at: string;
  readonly called: string;
  readonly where: string;
}
interface Report {
  /** The function and place that the report's first lines tell. */
  readonly headline: string;
  readonly frames: readonly Frame[];
  readonly traps: readonly string[];
  readonly lines: readonly string[];
}

/** Reads the report in `log`. A path that did not fit behind its function's name is on the next line. */
function reportIn(log: string): Report {
  const report = log.slice(log.indexOf("\ntrap/fatal: ") + 1);
  const joined = report.replaceAll(/\n +(?=(kernel|tests)\/\S+:[\d?]+\n)/g, " ");
  const headline = /^ {2}in +(\S+) +(\S+)$/m.exec(joined);
  const frames = [...joined.matchAll(/^ +#\d+ (0x[0-9a-f]{16}| {6}inlined into) (\S+) +(\S+)$/gm)];
  return {
    headline: `${headline?.[1]} ${headline?.[2]}`,
    frames: frames.map(([, at, called, where]) => ({ at: at!.trim(), called: called!, where: where! })),
    traps: [...joined.matchAll(/^ +-- (.*) --$/gm)].map(([, name]) => name!),
    lines: report.split("\n"),
  };
}

async function provoke(scenario: string): Promise<Report> {
  const { log, status } = await bootToEnd({ kernel: "test", options: `scenario=${scenario} panic=exit` });
  expect(status, log).toBe(EXIT_PANIC);
  expect(log).not.toContain("cut short");
  const report = reportIn(log);
  for (const words of report.lines) expect(words.length).toBeLessThan(80);
  expect(report.frames.length, log).toBeGreaterThan(0);
  return report;
}
function told(frames: readonly Frame[]): string[] {
  return frames.map(({ called, where }) => `${called} ${where}`);
}

const HEAP_FREE = "kernel/mm/heap/heap-free.ts";
const HEAP_CHECK = "kernel/mm/heap/heap-check.ts";
const HEAP_REFUSE = "kernel/mm/heap/heap-refuse.ts";
/** What heapGive calls in the checking build, which the kernel of the tests is. */
const CHECK_GIVEN = `heapGive ${line(HEAP_FREE, "given = checkGiven(va)")}`;
const FRAMES = "kernel/mm/phys/frames.ts";
const FRAME_REFUSALS = "kernel/mm/phys/frame-refusals.ts";

/**
 * For each: what the headline says, and frames that must follow one another in this order, with nothing of TypeScript
 * left out between them.
 */
test.each<[string, string, () => string[]]>([
  ["panic-inlined", "a null pointer, three functions deep in what was inlined", () => [
    `inner ${here("inlined")}`, `middle ${here("inlined-middle")}`, `outer ${here("inlined-outer")}`,
    `panicsRun ${here("inlined-caller")}`,
  ]],
  ["panic-merged", "one of several ends that are the same but for their lines", () => [`either ${here("merged")}`]],
  ["panic-divide", "a division by zero", () => [`divide ${here("divide")}`]],
  ["panic-twice", "a block given back twice", () => [
    `checkGiven ${line(HEAP_CHECK, 'panic("heap: given back twice"')}`, CHECK_GIVEN, `giveTwice ${here("twice")}`,
  ]],
  ["panic-frame", "a frame given back twice", () => [
    `refuseUnlessOut ${line(FRAME_REFUSALS, 'panic("frames: given back twice"')}`,
    `frameGiveRefuse ${line(FRAME_REFUSALS, "  refuseUnlessOut(frame);")}`,
    `frameGive ${line(FRAMES, "pairHeadsAgain(pair)) frameGiveRefuse(frame)")}`, `frameGiveTwice ${here("frame")}`,
  ]],
  ["panic-header", "a header of the heap written over", () => [
    `giveRefuse ${line(HEAP_REFUSE, 'panic("heap: the header of a block was overwritten"')}`,
    `checkGiven ${line(HEAP_CHECK, "wordIsOfUsed(word)) giveRefuse(va)")}`, CHECK_GIVEN,
    `writeBeforeBlock ${here("header")}`,
  ]],
  ["panic-claim", "a claim that does not hold", () => [
    `claim ${line("tests/qemu/kernel/check.ts", "panic(words, value)")}`, `panicsRun ${here("claim")}`,
  ]],
  ["panic-callback", "a function called by its address", () => [
    `visitBadly ${here("callback")}`, `callBack ${here("callback-caller")}`,
  ]],
  ["panic-pointer", "an address that is none", () => [`follow ${here("pointer")}`]],
  ["panic-overflow", "a stack overflow", () => [`dig ${here("overflow")}`]],
  ["panic-last-act", "a call that is the last act of its function", () => [
    `descend ${here("last-act")}`, `descend ${here("last-act-caller")}`,
  ]],
  ["panic-early", "a fault over the boot tables", () => [`panicEarly ${here("early")}`]],
  ["panic-command", "the command panic", () => [
    `panicCommand ${line("kernel/console/commands.ts", 'panic("console: panic was typed')}`,
  ]],
])("%s: the report places %s", async (scenario, _fact, expected) => {
  const report = await provoke(scenario);
  const places = expected();
  expect(report.headline).toBe(places[0]);
  const frames = told(report.frames).filter((frame) => !frame.startsWith("panic kernel/base/"));
  expect(frames.slice(0, places.length)).toEqual(places);
  expect(frames.at(-2)).toMatch(/^kernelMain tests\/qemu\/kernel\/main\.ts:\d+$/);
  expect(frames.at(-1)).toMatch(/^higher_half boot\/\w+\.asm:\d+$/);
});

test("panic-trap: of a fault in the page-fault handler both are told, what failed and what it was for", async () => {
  const { headline, frames, traps } = await provoke("panic-trap");
  expect(headline).toMatch(/^\w+ kernel\/mm\/phys\/frames\.ts:\d+$/);
  const names = frames.map(({ called }) => called);
  expect(names).toEqual(expect.arrayContaining(["frameTake", "windowResolve", "onPageFault"]));
  expect(traps).toEqual(["#PF page fault"]);
  const interrupted = told(frames)[names.lastIndexOf("onTrap") + 1];
  expect(interrupted).toBe(`faultInTheHandler ${here("trap")}`);
});

test("recursion is told once, and how often; the fault is on the guard page, the report on another stack", async () => {
  const { lines, frames } = await provoke("panic-overflow");
  const report = lines.join("\n");
  expect(report).toMatch(/which is the guard page under the boot stack\n.*\n? *guess {4}stack overflow\?/);
  expect(report).toMatch(/the same call, \d{3,} times more/);
  expect(frames.filter(({ called }) => called === "dig").length).toBeLessThan(8);
});

test("the product's own command panic: where, who called, the log's last lines, and what to do next", async () => {
  const talk = await Conversation.open({});
  try {
    await talk.expect("\n> ");
    talk.type("panic\r");
    await talk.expect(PROMPT_STOPPED);
    const { headline, lines, frames } = reportIn(talk.log);
    expect(headline).toBe(`panicCommand ${line("kernel/console/commands.ts", 'panic("console: panic was typed')}`);
    const main = readFileSync(join(ROOT, "kernel/main.ts"), "utf8").split("\n");
    const kernelMain = frames.find(({ called }) => called === "kernelMain")!.where.split(":")[1];
    expect(main[Number(kernelMain) - 1]).toContain("consoleRun()");
    expect(lines.join("\n")).toMatch(/\nlast lines of the log\n(.*\n)*boot: up frames-free=\d+\n/);
    expect(lines.at(-2)).toMatch(/^To leave QEMU: exit, or Ctrl-C twice\./);
  } finally {
    talk.close();
  }
});

test.each(["kernel", "test"])("the table of build/%s.elf is well under half as large as its code", (kernel) => {
  const table = readFileSync(join(ROOT, `build/${kernel}.symbols`));
  expect(existsSync(join(ROOT, `build/${kernel}.elf`))).toBe(true);
  const codeSize = table.readUInt32LE(4);
  expect(table.length / codeSize).toBeLessThan(0.42);
});
