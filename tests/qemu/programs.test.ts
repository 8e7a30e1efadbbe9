/**
 * Programs in ring 3: what they print, how they end, and that nothing of them is left. tests/programs has them; they
 * are built when this runs.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Conversation, ROOT } from "./machine.ts";

const CFLAGS = [
  "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-fno-stack-protector",
  "-fuse-ld=lld", "-Wl,-z,noexecstack",
];
/** What is special about how one is linked. */
const LINKED: Readonly<Record<string, readonly string[]>> = { low: ["-Wl,--image-base=0"] };
const PROGRAMS = [
  "hello", "low", "sparse", "faults", "flags", "spin", "memory", "mmap", "remap", "shared", "mapped",
];

let folder = "";
let talk: Conversation;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "programs-"));
  mkdirSync(join(folder, "bin"));
  const files = PROGRAMS.map((name) => {
    const file = join(folder, "bin", name);
    const source = `tests/programs/${name}.c`;
    execFileSync("clang-14", [...CFLAGS, ...(LINKED[name] ?? []), "-o", file, source], { cwd: ROOT });
    return file;
  });
  const iso = join(folder, "programs.iso");
  execFileSync("scripts/iso.sh", [iso, "build/kernel.elf", ...files], { cwd: ROOT, stdio: "ignore" });
  talk = await Conversation.open({
    door: "iso", flags: ["-drive", `file=${iso},format=raw,if=ide,index=0`, "-boot", "c"],
  });
  await talk.expect("\n> ");
  await talk.ask("run hello"); // its kernel stacks are kept for those that follow
}, 60_000);
afterAll(() => {
  talk.close();
  rmSync(folder, { recursive: true });
});

async function framesFree(): Promise<number> {
  return Number(/^frames +\d+ +(\d+)/m.exec(await talk.ask("mem"))?.[1]);
}

/** Runs it, and sees to it that all its memory is back and everything agrees. */
async function run(words: string): Promise<string[]> {
  const before = await framesFree();
  const said = await talk.ask(`run ${words}`);
  expect(await framesFree()).toBe(before);
  expect(await talk.ask("audit")).toBe("All that memory management keeps agrees.");
  return said.split("\n");
}

test("a program says what it was given, forks, and is told how its child ended", async () => {
  const lines = await run("hello one two");
  expect(lines).toEqual(["hello, world", "argument one", "argument two", "child", "child ended with 42"]);
});

test("a program may begin at address zero", async () => {
  expect(await run("low")).toEqual(["page zero begins with ELF"]);
});

test("brk, mmap, munmap and mprotect do and refuse what Linux does and refuses", async () => {
  expect(await run("memory")).toEqual(["memory is as Linux has it"]);
});

test.each([
  ["mmap", "mmap is as Linux has it"],
  ["remap", "mremap, madvise and mlock are as Linux has them"],
  ["shared", "shared memory is as Linux has it"],
])("the calls about memory do and refuse what Linux does and refuses: %s", async (name, claim) => {
  await talk.ask(`run ${name}`); // a slab's last frame is kept for those that follow
  const lines = await run(name);
  expect(lines.filter((line) => !/^proc: .* ended by signal (11|7)$/.test(line))).toEqual([claim]); // its children
});

test("maps shows the regions of a process as Linux does, in 80 columns, and ps their sums", async () => {
  const before = await framesFree();
  const pid = await talk.ask("run mapped");
  const said = (await talk.ask(`maps ${pid}`)).split("\n");
  expect(said.filter((line) => line.length > 80)).toEqual([]);
  const lines = said.map((line) => line.replaceAll(/ +/g, " "));
  expect(lines).toEqual(expect.arrayContaining([
    "address may offset resident KiB what",
    "100000000-100004000 rw-p 00000000 4 16",
    "100004000-100006000 ---p 00000000 0 8",
    "100006000-100008000 rw-p 00000000 0 8",
    expect.stringMatching(/^100010000-100014000 r--s 00000000 0 16 \[shared \d+\]$/),
    "100020000-100022000 rw-s 00000000 4 8 /SYSV00000000",
    expect.stringMatching(/^100030000-100031000 rw-p 8000000000 0 4 \[shared \d+\]$/),
    expect.stringMatching(/^\w{8}-\w{8} r-xp 0000\w000 4 4 mapped$/),
    expect.stringMatching(/^\w{8}-\w{8} rw-p 00000000 4 12 \[heap\]$/),
    expect.stringMatching(/^7ffffffbe000-7fffffffe000 rw-p 00000000 \d+ 256 \[stack\]$/),
  ]));
  const sums = /in all +(\d+) +(\d+)/.exec(said.at(-1)!)!.slice(1);
  const rows = said.slice(1, -1).map((line) => /^.{43} *(\d+) +(\d+)/.exec(line)!.slice(1).map(Number));
  expect([0, 1].map((i) => rows.reduce((sum, row) => sum + row[i]!, 0))).toEqual(sums.map(Number));
  expect(await talk.ask("ps")).toMatch(new RegExp(`^ +${pid} +0 +${sums[0]} +${sums[1]}  sleeps +mapped$`, "m"));
  await talk.ask(`run mapped ${pid}`); // it is ended
  expect([await talk.ask(`maps ${pid}`), await framesFree()]).toEqual(
    ["No process with that number has memory; ps lists them.", before],
  );
});

test("flags that a program sets stay its own, and so do the registers of SSE", async () => {
  expect(await run("flags")).toEqual(["flags and SSE are the program's own"]);
});

test("of two that never call the kernel both come to their end", async () => {
  expect(await run("spin")).toEqual(["both have come to their end"]);
});

const SEGV = 11;
test.each([
  ["null", /cannot write 0x8 at 0x\w+: nothing is there: a null pointer\?/, SEGV],
  ["text", /cannot write 0x\w+ at 0x\w+: that is not allowed there/, SEGV],
  ["constant", /cannot write 0x\w+ at 0x\w+: that is not allowed there/, SEGV],
  ["execute-data", /cannot execute (0x\w+) at \1: that is not allowed there/, SEGV],
  ["execute-stack", /cannot execute (0x7ff\w+) at \1: that is not allowed there/, SEGV],
  ["stack", /cannot write 0x7fffff7\w+ at 0x\w+: nothing is there/, SEGV],
  ["kernel", /cannot write 0xffff800000000000 at 0x\w+: nothing is there/, SEGV],
  ["heap", /cannot write 0x444444440000 at 0x\w+: nothing is there/, SEGV],
  ["non-canonical", /#GP general protection at 0x\w+/, SEGV],
  ["divide", /#DE divide error at 0x\w+/, 8],
  ["invalid", /#UD invalid opcode at 0x\w+/, 4],
  ["privileged", /#GP general protection at 0x\w+/, SEGV],
  ["port", /#GP general protection at 0x\w+/, SEGV],
  ["breakpoint", /#BP breakpoint at 0x\w+/, 5],
  ["step", /#DB debug exception at 0x\w+/, 5],
] as const)("who does what it may not is ended, and everybody else runs on: %s", async (what, sentence, signal) => {
  const lines = await run(`faults ${what}`);
  expect(lines[0]).toMatch(new RegExp(`^proc: faults\\[\\d+\\]: ${sentence.source}: ended by signal ${signal}$`));
  expect(lines.slice(1)).toEqual([`faults was ended by signal ${signal}`]);
});

test("what is no program is refused with a sentence, and so is a name that nobody has", async () => {
  expect(await run("nothing")).toEqual(["There is no program nothing; programs lists them."]);
  expect((await talk.ask("programs")).split("\n").map((line) => line.trim())).toEqual(PROGRAMS);
});
