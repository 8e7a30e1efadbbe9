import { beforeAll, describe, expect, test } from "vitest";
import { gdbRun, gdbSession, HAS_GDB, placeOf } from "./gdb.ts";

const HANDLER = "kernel/trap/page-fault.ts";
const TOUCHED = placeOf("kernel/main.ts", "storeVolatile64(page, page);");
const STOP = placeOf(HANDLER, "if (isUserCopy()");
const STOP_LINE = Number(STOP.split(":")[1]);
const NEXT_LINE = Number(placeOf(HANDLER, "const answer = ").split(":")[1]);
const PAGE = "0xffffe80000000000"; // what demandPageProve touches

/** One session looks at all there is, with a mark before each part. */
const COMMANDS = [
  `break ${STOP.slice(STOP.lastIndexOf("/") + 1)}`,
  "continue",
  ...["bt", "next", "info locals", "print va", "print/x va + 1", "print regionsMade"],
  ...["walk 0xffff_e800_0000_0000n", "regions", "frame-record 0", "frame-record 1024"],
  "print-record &regionTable SPAN",
  ...["whatis $pte", "watch *$pte", "continue"],
  ...["bt", "delete", "break logPhys", "continue", "info args", "finish"],
].flatMap((command) => [`echo \\n== ${command}\\n`, command]);

describe.skipIf(!HAS_GDB).each(["debug", "kernel"] as const)("gdb and build/%s.elf", (kernel) => {
  let said: string;
  /** What came of the `nth` command of that text. */
  const answer = (command: string, nth = 0): string => {
    return said.split(`\n== ${command}\n`).slice(1)[nth]?.split("\n== ")[0] ?? `no answer to ${command} in:\n${said}`;
  };
  beforeAll(async () => {
    said = await gdbSession(kernel, ...COMMANDS);
  }, 60_000);

  test("a breakpoint at a line of TypeScript stops in the page-fault handler", () => {
    expect(answer("continue")).toMatch(/^Breakpoint 1, onPageFault \(.*\) at kernel\/trap\/page-fault\.ts:\d+$/m);
    expect(answer("continue")).toMatch(new RegExp(`^${STOP_LINE}\\t  if `, "m"));
  });

  test("a backtrace goes through the trap's stub to the line that faulted, and on to kernelMain", () => {
    const frames = answer("bt").trim().split("\n").map((line) => line.replace(/^#\d+ +(0x\w+ in )?/, ""));
    expect(frames.map((frame) => frame.split(" (")[0])).toEqual([
      "onPageFault", "onKernelTrap", "onTrap", "<trap #PF>", "demandPageProve", "kernelStart", "kernelMain",
      "higher_half",
    ]);
    expect(frames[3]).toBe("<trap #PF> ()");
    expect(frames[4]).toBe(`demandPageProve () at ${TOUCHED}`);
  });

  test("locals have their own names; a bigint is shown in hexadecimal, a number in decimal", () => {
    expect(answer("info locals")).toMatch(/^va = 0xffffe80000000000$/m);
    expect(answer("info locals")).toMatch(/^error = 0x2$/m);
    expect(answer("info locals")).toMatch(/^answer = (-?\d+|<optimized out>)$/m);
    expect(answer("print va")).toMatch(/^\$\d+ = 0xffffe80000000000$/m);
    expect(answer("print/x va + 1")).toMatch(/^\$\d+ = 0xffffe80000000001$/m);
    expect(answer("print regionsMade")).toMatch(/^\$\d+ = 1\d$/m);
  });

  test("walk shows every level, and where the last entry is", () => {
    const lines = answer("walk 0xffff_e800_0000_0000n").trim().split("\n");
    expect(lines[0]).toMatch(new RegExp(`^walk of v${PAGE} from p0x[0-9a-f]+$`));
    expect(lines[1]).toMatch(/^ {2}level 4 {2}\[464\] {2}0x[0-9a-f]{13}023 {2}P W A +at p0x[0-9a-f]+e80$/);
    expect(lines[2]).toMatch(/^ {2}level 3 {2}\[ {2}0\] {2}0x0{16} {2}- +at p0x[0-9a-f]+000$/);
    expect(lines[3]).toBe("  not mapped: the entry of level 3 is not present");
    expect(answer("whatis $pte")).toContain("type = bigint *");
  });

  test("a watchpoint on a page-table entry stops where the kernel writes it", () => {
    expect(answer("watch *$pte")).toMatch(/^Hardware watchpoint \d+: \*\$pte$/m);
    expect(answer("continue", 1)).toMatch(/^Old value = 0x0\nNew value = 0x[0-9a-f]+[37]$/m);
    expect(answer("bt", 1)).toMatch(/ entryReach \(.*\) at kernel\/mm\/paging\/walk\.ts:\d+$/m);
    expect(answer("bt", 1)).toMatch(/ windowResolve \(.*\n.* onPageFault \(/);
  });

  test("next goes by lines of TypeScript, finish out to the caller's", () => {
    expect(answer("next")).toMatch(new RegExp(`^${NEXT_LINE}\\t  const answer = `, "m"));
    expect(answer("finish")).toMatch(/\bdemandPageProve \(\) at kernel\/main\.ts:\d+$/m);
  });

  test("a string is shown as text, a breakpoint at a function stops in its first line", () => {
    expect(answer("continue", 2)).toMatch(/ logPhys \(label=" -> ", pa=0x[0-9a-f]+\) at kernel\/base\/log\.ts:\d+$/m);
    expect(answer("info args")).toMatch(/^label = " -> "\npa = 0x[0-9a-f]+$/m);
  });

  test("regions and frame-record say whose the memory is", () => {
    expect(answer("regions")).toMatch(/^p0x0 +p0x\w+ +\d+ KiB {2}first MiB$/m);
    expect(answer("regions")).toMatch(/^p0x\w+ +p0x1ffe0000 +\d+ KiB {2}usable$/m);
    expect(answer("frame-record 0")).toMatch(/^frame 0 at p0x0: .*not the pool's\n {2}p0x0 .* first MiB$/m);
    expect(answer("frame-record 1024")).toMatch(/^frame 1024 at p0x400000: free\n .* usable$/m);
  });

  test("print-record shows a record by its layout", () => {
    expect(answer("print-record &regionTable SPAN")).toMatch(/^SPAN at 0xffff\w+, 24 bytes\n {2}\+0 +start +0 +0x0$/m);
    expect(answer("print-record &regionTable SPAN")).toMatch(/^ {2}\+16 +kind +2 +0x2$/m); // REGION_LOW: the first MiB
  });

  test("nothing is wrong with the debug information", () => {
    expect(said).not.toMatch(/warning|not in symtab|corrupt stack|var_|w2c_|\.c:\d/i);
  });
});

test.skipIf(!HAS_GDB)("a command that lacks something says what", () => {
  const said = gdbRun("kernel", "print-record 0 NOBODY", "print-record", "walk", "regions", "type help");
  expect(said).toMatch(/there is no layout NOBODY; there are: .*\bHEADER\b.*\bSPAN\b/);
  expect(said).toContain("print-record ADDRESS LAYOUT");
  expect(said).toContain("walk ADDRESS");
});
