import { beforeEach, expect, test } from "vitest";
import { wallClockInit } from "../../../kernel/arch/wall-clock.ts";
import { irqCounted } from "../../../kernel/base/counters.ts";
import { logLine } from "../../../kernel/base/log.ts";
import { ringInit } from "../../../kernel/base/log-ring.ts";
import { plugRtc } from "../../fake/clocks.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { consoleRun } from "../../../kernel/console/console.ts";
import { TAG } from "../../../kernel/mm/heap/heap-tags.ts";
import { heapFree, heapLargest, heapSize, heapUsed } from "../../../kernel/mm/heap/heap-counts.ts";
import { heapTake, heapTakeFor } from "../../../kernel/mm/heap/heap.ts";
import { framesLimit } from "../../../kernel/mm/phys/frame-bits.ts";
import { FRAME, frameRecord } from "../../../kernel/mm/phys/frame-table.ts";
import { frameGive, framesFree, framesTotal, frameTake } from "../../../kernel/mm/phys/frames.ts";
import { KIND, kernelFrames, type Owner, ownerClose, ownerOpen } from "../../../kernel/mm/phys/owners.ts";
import { runGive, runTake } from "../../../kernel/mm/phys/runs.ts";
import { BACKING, PERMISSION } from "../../../kernel/mm/space/region.ts";
import { spaceMap, spaceReserve } from "../../../kernel/mm/space/space-map.ts";
import { type Space, spaceCreate, spaceDestroy, spaceRoot, spacesInit } from "../../../kernel/mm/space/space.ts";
import type { Page } from "../../../kernel/lib/addr.ts";
import { fatalInit } from "../../../kernel/trap/fatal.ts";
import { DebugExit, Halted, KernelPanic, type Machine } from "../../fake/machine.ts";
import { bootedMachine, faultsReachTheKernel } from "../trap/booted.ts";

let machine: Machine;
beforeEach(() => {
  machine = bootedMachine();
  serialInit();
  fatalInit(false);
});

/** Types `keys`; when the kernel waits for more, the test is over. */
function type(keys: string): void {
  const waiting = [...Buffer.from(keys, "latin1")];
  machine.portPlug(0x3fd, 1, { read: () => (waiting.length > 0 ? 0x61 : 0x60) });
  machine.onIdle(() => {
    throw new NoMoreKeys();
  });
  let said = "";
  machine.portPlug(0x3f8, 1, {
    read: () => waiting.shift() ?? 0,
    write: (_port, byte) => void (said += String.fromCharCode(byte)),
  });
  heard = () => said;
}
class NoMoreKeys extends Error {}
let heard = () => "";

/** Types `lines` and then `exit`; what the kernel said to each, echo and prompt taken off. */
function answers(...lines: string[]): string[][] {
  type(`${[...lines, "exit"].join("\r")}\r`);
  expect(() => consoleRun()).toThrow(new DebugExit(0x10));
  const said = heard();
  for (const line of said.split("\r\n")) expect(line).toMatch(/^[ -~\b]{0,80}$/);
  const parts = said.split("> ").slice(1, -1);
  expect(parts).toHaveLength(lines.length);
  return parts.map((part, i) => {
    const [echo, ...answer] = part.split("\r\n");
    expect(echo).toBe(lines[i]);
    expect(answer.pop()).toBe("");
    return answer;
  });
}
function answer(line: string): string[] {
  return answers(line)[0]!;
}

test("exit ends QEMU with success", () => {
  expect(answers()).toEqual([]);
});

test("where exit cannot end the machine, it says so and the prompt comes back", () => {
  machine.portPlug(0xf4, 4, null);
  type("exit\r");
  expect(() => consoleRun()).toThrow(NoMoreKeys);
  expect(heard()).toBe("> exit\r\nStill here: this machine has no debug-exit device. Switch it off.\r\n> ");
});

test("help has one aligned line for each command, and each of them exists", () => {
  const lines = answer("help");
  const commands = lines.slice(0, -1).map((line) => /^ {2}(\w+) *(ADDR|NAME|PID)? *(.+)$/.exec(line)!);
  expect(commands.map((match) => match[1])).toEqual([
    "help", "mem", "heap", "memmap", "frame", "owners", "leaks", "audit", "spaces", "ps", "maps", "programs",
    "walk", "regs", "bt", "log", "date", "interrupts", "exit", "run", "fault", "panic",
  ]);
  expect(new Set(commands.map((match) => match[0].indexOf(match[3]!)))).toEqual(new Set([20]));
});

test("heap shows sums, sizes, owners and a picture, within the terminal, and how much of it is used", () => {
  heapTakeFor(TAG.CONSOLE, 100_000n);
  const lines = answer("heap");
  expect(lines[0]).toBe(`heap at v0x444444440000: bytes=${heapSize()} used=${heapUsed()} free=${heapFree()}`);
  expect(lines).toContainEqual(expect.stringMatching(/^used by console: blocks=1 bytes=1000\d\d$/));
  const picture = lines.filter((line) => /^[.\-+#]{64}$/.test(line)).join("");
  expect(picture).toHaveLength(512);
  expect(Math.abs(picture.replaceAll(/[.-]/g, "").length - 100_000 / 2048)).toBeLessThan(3);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
});

test("an empty line is no mistake", () => {
  expect(answers("", "   ")).toEqual([[], []]);
});

test("an unknown word gets a sentence, shown harmlessly", () => {
  expect(answer("frobnicate now")).toEqual(["There is no command frobnicate; help lists them."]);
  expect(answer("m")).toEqual(["There is no command m; help lists them."]);
});

test("too many or too few arguments get a sentence", () => {
  expect(answers("mem now", "walk", "fault 1 2")).toEqual([
    ["mem takes no argument."],
    ["walk takes one argument: walk ADDR"],
    ["fault takes one argument: fault ADDR"],
  ]);
});

test("a bad number gets a sentence", () => {
  const sentence = "is not a number below 2^64; see help.";
  expect(answers("walk 0xg", "fault twelve", "fault 0x1_0000_0000_0000_0000")).toEqual([
    [`0xg ${sentence}`],
    [`twelve ${sentence}`],
    [`0x1_0000_0000_0000_0000 ${sentence}`],
  ]);
});

test("a line that is too long is not obeyed in part", () => {
  type(`mem${" ".repeat(100)}\rexit\r`);
  expect(() => consoleRun()).toThrow(DebugExit);
  expect(heard()).toContain("That line is too long; nothing was done.\r\n> exit");
});

test("Ctrl-C gives a new prompt", () => {
  type("panic\x03exit\r");
  expect(() => consoleRun()).toThrow(DebugExit);
  expect(heard()).toBe("> panic^C\r\n> exit\r\n");
});

test("Ctrl-C twice where nothing is typed leaves, and once says so", () => {
  type("\x03\x03");
  expect(() => consoleRun()).toThrow(DebugExit);
  expect(heard()).toBe("> ^C\r\nCtrl-C once more leaves QEMU, as exit does.\r\n> ^C\r\n");
  type("\x03\r\x03a\x03\x03exit\r"); // none follows another
  expect(() => consoleRun()).toThrow(DebugExit);
  expect(heard().match(/once more/g)).toHaveLength(3);
  expect(heard()).toMatch(/> exit\r\n$/);
});

test("mem shows frames and heap, and every line adds up", () => {
  heapTake(1000n);
  const lines = answer("mem");
  const numbers = (line: string | undefined) => line!.match(/[\d.]+/g)!.map(Number);
  expect(lines[0]).toMatch(/^ +total +free +used$/);
  expect(numbers(lines[1])).toEqual([framesTotal(), framesFree(), framesTotal() - framesFree()]);
  const [total, free, used] = numbers(lines[2]);
  expect(total).toBeCloseTo(framesTotal() / 256, 0);
  expect(free! + used!).toBeCloseTo(total!, 5);
  expect(numbers(lines[3])).toEqual([heapSize(), heapFree(), heapUsed()]);
  expect(lines[4]).toBe(`The largest block that the heap can give has ${heapLargest()} bytes.`);
  const ends = lines.slice(0, 4).map((line) => line.length);
  expect(new Set(ends).size).toBe(1);
});

test("memmap shows every byte up to the end of memory, whose it is and why, and totals that add up", () => {
  const lines = answer("memmap");
  const row = /^ *p0x([0-9a-f]+) +p0x([0-9a-f]+) +(\d+) {2}(\w+) +(.+)$/;
  const rows = lines.map((line) => row.exec(line)).filter((found) => found !== null);
  let before = 0;
  let sum = 0;
  for (const [, start, end, kib] of rows) {
    expect(parseInt(start!, 16)).toBe(before);
    before = parseInt(end!, 16);
    expect(Number(kib)).toBe((before - parseInt(start!, 16)) / 1024);
    sum += Number(kib);
  }
  const reasons = rows.map((row) => `${row[4]}: ${row[5]}`);
  expect(reasons).toEqual(expect.arrayContaining([
    "pool: usable", "kernel: kernel", "kernel: frame bitmap", "kernel: frame records", "firmware: reserved",
    "nobody: hole",
  ]));

  const totals = lines.slice(rows.length + 1).map((line) => /^ +(\d+) {2}(.+)$/.exec(line)!);
  const names = totals.map((total) => total[2]);
  expect(names).toEqual([
    "in the frame pool", "kept by loader and kernel", "kept by the firmware", "in holes", "in all",
  ]);
  const [pool, ours, firmware, holes, all] = totals.map((row) => Number(row[1]));
  expect(pool).toBe(framesTotal() * 4);
  expect(pool! + ours! + firmware! + holes!).toBe(all);
  expect([all, all! * 1024]).toEqual([sum, before]);
});

test("owners shows whose the frames are; with what is free they add up to the pool", () => {
  const row = /^(\w+|in all) +(\d+) +(\d+)(?: {2}(\w+))?$/;
  const lines = answer("owners").map((line) => row.exec(line)).filter((found) => found !== null);
  const byOwner = lines.filter((line) => line[4] !== undefined);
  const sum = byOwner.reduce((total, line) => total + Number(line[2]), framesFree());
  expect(sum).toBe(framesTotal());
  expect(byOwner.map((line) => `${line[1]} ${line[4]}`)).toEqual(["KERNEL kernel", "TABLE kernel", "HEAP kernel"]);
  expect(lines.every((line) => Number(line[3]) === Number(line[2]) * 4)).toBe(true);
  expect(lines.find((line) => line[1] === "in all")![2]).toBe(String(framesTotal()));
});

test("frame says of any physical address what its frame is", () => {
  const frame = frameTake(kernelFrames());
  const taken = `p0x${(frame * 4096).toString(16)}`;
  const asked = [`frame ${taken}`, "frame 0x109000", "frame 0xa0000", "frame 0xffff_ffff_ffff_ffff", "frame x"];
  expect(answers(...asked)).toEqual([
    [`mm/phys: frame ${frame} ${taken} KERNEL references=0 order=0 owner=kernel`],
    ["mm/phys: frame 265 p0x109000 is kept by the kernel: kernel"],
    ["mm/phys: frame 160 p0xa0000 is kept by the machine: a hole"],
    ["No physical address has more than 52 bits."],
    ["x is not a number below 2^64; see help."],
  ]);
  frameGive(frame);
  expect(answer(`frame ${taken}`)).toEqual([`mm/phys: frame ${frame} ${taken} is free`]);
  expect(answer(`frame 0x${(framesLimit() * 4096).toString(16)}`)[0]).toMatch(/ is outside memory$/);
});

test("leaks names the frames of an owner that is gone, until they come back", () => {
  expect(answer("leaks")).toEqual(["No frame has an owner that is gone."]);
  const owner = ownerOpen(0xffff_8000_0000_9000n, KIND.USER, 7n);
  const run = runTake(2, owner);
  expect(ownerClose(owner)).toBe(false);
  expect(answer("leaks")).toEqual([
    "Frames whose owner is gone: 4",
    `mm/phys: frame ${run} p0x${(run * 4096).toString(16)} USER references=0 order=2 owner=7 (gone)`,
  ]);
  runGive(run, 2);
  expect([answer("leaks"), ownerClose(owner)]).toEqual([["No frame has an owner that is gone."], true]);
});

test("spaces shows each space with what it has, and the slots that it used", () => {
  spacesInit();
  expect(answer("spaces")).toEqual(["There is no space but the kernel's."]);
  const [first, second] = [spaceCreate(), spaceCreate()];
  const rights = PERMISSION.READ | PERMISSION.USER;
  spaceMap(second, 0x40_0000n as Page, 3, rights);
  spaceReserve(second, 0x7fff_fff0_0000n as Page, 2 ** 8 - 2, rights, BACKING.ANONYMOUS, 0n, 0n);
  const root = (space: Space): string => `p0x${(spaceRoot(space) * 4096).toString(16)}`.padStart(18);
  expect(answer("spaces")).toEqual([
    "    id              root   regions    resident KiB     virtual KiB",
    `     2${root(second)}         2              12            1028`,
    "       slot 0 at v0x0, highest allocation ends at v0x403000",
    "       slot 255 at v0x7f8000000000, highest allocation ends at v0x7fffffffe000",
    `     1${root(first)}         0               0               0`,
  ]);
  expect([spaceDestroy(first), spaceDestroy(second), answer("audit")])
    .toEqual([0, 0, ["All that memory management keeps agrees."]]);
});

test("audit agrees on a machine that is well, and names the first frame that is not", () => {
  expect(answer("audit")).toEqual(["All that memory management keeps agrees."]);
  const frame = frameTake(kernelFrames());
  const record = frameRecord(frame);
  const owner = FRAME.owner(record);
  FRAME.setOwner(record, 0x1234n as Owner);
  expect(answer("audit")).toEqual([`mm/phys: audit: frame or count ${frame}: the owner is nobody`]);
  FRAME.setOwner(record, owner);
  frameGive(frame);
});

test("walk walks the kernel's own tables", () => {
  const lines = answer("walk 0x4444_4444_0000");
  expect(lines[0]).toMatch(/^walk of v0x444444440000 from p0x/);
  expect(lines.at(-1)).toMatch(/^ {2}p0x[0-9a-f]+000, in a page of 4 KiB$/);
  const text = answer("walk v0xffffffff80109000").at(-1);
  expect(text).toBe("  p0x109000, in a page of 4 KiB");
});

test("walk says where a walk ends that finds nothing", () => {
  expect(answer("walk 0").at(-1)).toBe("  not mapped: the entry of level 4 is not present");
});

test("fault in the demand-paged window is repaired and shows the frame; the second time it is there already", () => {
  faultsReachTheKernel(machine);
  const [first, second] = answers("fault 0xffff_e800_0000_1234", "fault 0xffff_e800_0000_1234");
  const frame = /^Not mapped, and repaired: v0xffffe80000001234 is (p0x[0-9a-f]+234)$/.exec(first![0]!)![1];
  expect(first![1]).toBe("The byte there is 0x0.");
  expect(second![0]).toBe(`Mapped already: v0xffffe80000001234 is ${frame}`);
});

test("fault anywhere else ends in the report", () => {
  faultsReachTheKernel(machine);
  type("fault 8\r");
  expect(() => consoleRun()).toThrow(Halted);
  const said = heard();
  expect(said).toContain("trap/fatal: #PF page fault\r\n");
  expect(said).toContain("  guess    null pointer?\r\n");
  expect(said).toContain("walk of v0x8 from p0x");
  expect(said).toContain("not mapped: the entry of level 4 is not present\r\n");
});

test("panic panics", () => {
  type("panic\r");
  expect(() => consoleRun()).toThrow(KernelPanic);
});

test("a word that is wider than a terminal is cut, and the sentence is not", () => {
  const said = answers("x".repeat(77), `fault ${"9".repeat(71)}`).flat();
  expect(said[0]).toMatch(/^There is no command x+\.\.\.; help lists them\.$/);
  expect(said[1]).toMatch(/^9+\.\.\. is not a number below 2\^64; see help\.$/);
  for (const line of said) expect(line.length).toBeLessThanOrEqual(80);
});

/** The rows that a terminal shows after `keys`, the kernel waiting for more. */
function rows(keys: string): string[] {
  type(keys);
  expect(() => consoleRun()).toThrow(NoMoreKeys);
  return heard().split("\r\n");
}

test("Tab completes a command's name as far as it is certain, and shows what it could be where it is not", () => {
  expect(rows("pa\t")).toEqual(["> panic "]);
  expect(rows("me\t")).toEqual(["> mem"]);
  expect(rows("mem\t")).toEqual(["> mem", "mem         memmap      ", "> mem"]);
  const all = answer("help").slice(0, -1).map((line) => line.trim().split(" ")[0]);
  expect(rows("\t").slice(1, -1).join("").trim().split(/ +/)).toEqual(all);
  for (const row of rows("\t")) expect(row.length).toBeLessThan(80);
  expect(rows("x\t")).toEqual(["> x"]);
  expect(rows("walk 0x1\t")).toEqual(["> walk 0x1"]);
  expect(rows("memm\t\r").slice(0, 1)).toEqual(["> memmap "]);
});

test("the keys of the last line but one can be had again", () => {
  expect(rows("frob\rnicate\r\x1b[A\x1b[A").at(-1)!.replace(/.[\b]/g, "")).toContain("frob");
});

test("date says when it is as everybody writes it", () => {
  plugRtc(machine.portPlug, [0x56, 0, 0x04, 0, 0x09, 0, 0, 0x05, 0x02, 0x26, 0, 2]);
  wallClockInit();
  expect(answer("date")).toEqual(["2026-02-05 09:04:56 UTC, up 0.000 seconds"]);
});

test("interrupts are shown in the form of Linux's /proc/interrupts", () => {
  irqCounted(0);
  irqCounted(4);
  const lines = answer("interrupts");
  expect(lines[0]).toBe("           CPU0");
  expect(lines[1]).toMatch(/^ {2}0: +\d+ {4}XT-PIC {2}timer$/);
  expect(lines[2]).toMatch(/^ {2}4: +\d+ {4}XT-PIC {2}ttyS0$/);
  expect(lines.at(-1)).toMatch(/^ERR: +\d+$/);
});

test("log shows what the kernel said by itself, and nothing of the conversation", () => {
  ringInit();
  logLine("mm: something happened");
  expect(answers("mem", "log")[1]).toEqual(["mm: something happened"]);
});

test("nor while the prompt waits is anything lost: log shows what the kernel said meanwhile", () => {
  ringInit();
  const waiting = [..."mem\r", 0, ..."log\rexit\r"].map((key) => (key === 0 ? key : key.toString().charCodeAt(0)));
  let said = "";
  machine.portPlug(0x3fd, 1, { read: () => (waiting.length > 0 && waiting[0] !== 0 ? 0x61 : 0x60) });
  machine.portPlug(0x3f8, 1, {
    read: () => waiting.shift() ?? 0,
    write: (_port, byte) => void (said += String.fromCharCode(byte)),
  });
  machine.onIdle(() => {
    waiting.shift();
    logLine("mm: a line of the kernel's");
    return true;
  });
  expect(() => consoleRun()).toThrow(new DebugExit(0x10));
  expect(said).toMatch(/\nlog\r\nmm: a line of the kernel's\r\n> exit/);
});

test("regs and bt of a kernel that runs: the control registers, and who waits for the command", () => {
  const [regs, bt] = answers("regs", "bt");
  expect(regs![0]).toBe("registers");
  expect(regs!.join()).toContain(`cr3    ${machine.cpu.cr3.toString(16).padStart(16, "0")}`);
  expect(bt).toEqual(["backtrace"]); // a fake machine has no stack
});

test("Ctrl-C ends a list that is long", () => {
  type("memmap\r\x03exit\r");
  expect(() => consoleRun()).toThrow(DebugExit);
  expect(heard()).not.toContain("in all");
  expect(heard()).toMatch(/> \^C\r\nCtrl-C once more .*\r\n> exit\r\n$/);
});
