/**
 * README.md, checked: what it says to type is typed, and what it shows is what comes. Figures may differ, lines may
 * not.
 * When one of these fails, one of both is wrong: the kernel, or README.md.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { gdbRun, HAS_GDB } from "./gdb.ts";
import { OVMF, ROOT } from "./machine.ts";
import { blocksOf, codeOf, documentRead, exchangesOf, Made, withoutFigures } from "./readme.ts";

const LONG = process.env["LONG"] === "1";
const README = documentRead("README.md");
const BLOCKS = blocksOf(README);
const PROMPT = "\n> ";
const STOPPED = "\n! ";

/** The one block of README.md that has `words`. */
function block(words: string): string {
  const found = BLOCKS.filter((each) => each.includes(words));
  expect(found, words).toHaveLength(1);
  return found[0]!;
}
function section(title: string): string {
  return README.split(/^## /m).find((each) => each.startsWith(title)) ?? "";
}

// `make run CMDLINE=…` has made another image.
afterAll(() => void execFileSync("make", ["-s", "build"], { cwd: ROOT, env: { ...process.env, MAKEFLAGS: "" } }));

test("every command that begins with make has a target, and make help tells of it", () => {
  const help = execFileSync("make", ["-s", "help"], { cwd: ROOT, encoding: "utf8" });
  const targets = [README, ...readmes().map(documentRead)].join("\n").matchAll(/(?<=[`\n] *)make ([a-z-]+)/g);
  const named = [...new Set([...targets].map(([, name]) => name!))];
  expect(named).toEqual(expect.arrayContaining(["run", "test", "debug", "hosted", "bench"]));
  for (const name of named) expect(`${help}  make help `, name).toMatch(new RegExp(`^ *make ${name} `, "m"));
});

test("the boot and the conversation that it shows are those of make run", async () => {
  expect(block("sets up what is missing")).toMatch(/^make run /m);
  const shown = block("boot: Palimpsest");
  const made = new Made("make run");
  try {
    const boot = (await made.until(PROMPT)).split("\n");
    const kernel = boot.slice(boot.findIndex((line) => line.startsWith("boot: ")));
    expect(withoutFigures(kernel)).toEqual(withoutFigures(shown.slice(0, shown.indexOf(PROMPT)).split("\n")));
    for (const { typed, lines } of exchangesOf(shown, "> ")) {
      made.type(`${typed}\r`);
      const [echo, ...said] = (await made.until(PROMPT)).split("\n");
      expect(echo).toBe(typed);
      expect(withoutFigures(said), typed).toEqual(withoutFigures(lines));
    }
    made.type("exit\r");
    expect(await made.ended()).toBe(0);
  } finally {
    made.close();
  }
});

/** `make run` alone has had its turn; a kernel or a firmware of its own takes long. */
const ITEMS = section("Two commands").split("Things to try:")[1]!.split(/^- /m).slice(1);
const TO_TRY = ITEMS.map(codeOf).filter((codes) => {
  const isUefi = codes.some((code) => code.includes(OVMF));
  const isSlow = isUefi || codes.some((code) => code.includes("CHECKING"));
  return !codes.includes("make run") && (!isSlow || LONG) && (!isUefi || existsSync(OVMF));
});

test.each(TO_TRY.map((codes) => [codes]))("things to try: %s", async (commands) => {
  const start = commands[0]!.startsWith("make run") ? commands[0]! : "make run";
  const made = new Made(start);
  try {
    expect(await made.until(PROMPT, 60)).toMatch(/\nboot: up frames-free=\d+$/);
    let prompt = PROMPT;
    for (const typed of commands.filter((code) => !/^make|\//.test(code))) {
      if (typed === "fault 0x1000") prompt = STOPPED;
      made.type(`${typed}\r`);
      if (typed === "exit") break;
      const said = await made.until(prompt);
      expect(said, typed).not.toMatch(/There is no command|takes/);
      expect(said.split("\n").length, typed).toBeGreaterThan(2);
    }
    if (!commands.includes("exit")) made.type("exit\r");
    expect(await made.ended()).toBe(commands.includes("exit") ? 2 : 0); // 35, of which make makes 2
  } finally {
    made.close();
  }
}, 120_000);

test.skipIf(!HAS_GDB)("three commands to the page-fault handler, and gdb shows what it shows", async () => {
  const [start, ...typed] = block("make debug\n").trimEnd().split("\n");
  const shown = block("(gdb) backtrace");
  const commands = [...exchangesOf(typed.join("\n"), "(gdb) "), ...exchangesOf(shown, "(gdb) ")];
  const stop = shown.slice(0, shown.indexOf("(gdb) ")).trimEnd().split("\n");
  const expected = [[], stop, ...commands.slice(2).map(({ lines }) => lines)];
  expect([start, typed.length]).toEqual(["make debug", 2]);

  const made = new Made(start!);
  try {
    await made.until("(gdb) ");
    for (const [i, { typed: command }] of commands.entries()) {
      made.type(`${command}\n`);
      const said = unfolded(await made.until("\n(gdb) ")).filter((line) => !GDB_ALONE.test(line));
      if (i > 0) expect(withoutFigures(said), command).toEqual(withoutFigures(expected[i]!));
    }
    const more = codeOf(section("Three commands").split("```").at(-1)!).slice(0, 2);
    made.type(`${more.join("\n")}\nquit\n`);
    expect(await made.until("Hardware watchpoint")).toContain("walk of v0xffffe80000000000 from p0x");
    expect(await made.ended()).toBe(0);
  } finally {
    made.close();
  }
});

/** gdb folds a place that does not fit its terminal. */
function unfolded(said: string): string[] {
  return said.replaceAll(/\n +at /g, " at ").split("\n");
}
/** Lines between gdb's answers: the kernel's, and gdb's own of which README.md says nothing. */
const GDB_ALONE = /^$|^Continuing\.$|^(boot|arch|dev|mm\/\w+): |^Booting|GRUB|^\s*$/;

test.skipIf(!HAS_GDB)("the commands that scripts/gdb/README.md lists are known to gdb", () => {
  const rows = documentRead("scripts/gdb/README.md").matchAll(/^\| `([a-z-]+)[^`]*` \|/gm);
  const names = [...rows].map(([, name]) => name!);
  expect(names).toEqual(["walk", "regions", "frame-record", "print-record", "type"]);
  const said = gdbRun("kernel", ...names.flatMap((name) => [`echo == ${name}\\n`, `help ${name}`]));
  for (const name of names) expect(said).toMatch(new RegExp(`== ${name}\n.*: ${name}\\b`));
  const [first] = blocksOf(documentRead("scripts/gdb/README.md"));
  expect(exchangesOf(first!, "(gdb) ").map(({ typed }) => typed.split("  ")[0])).toEqual(
    exchangesOf(block("make debug\n"), "(gdb) ").map(({ typed }) => typed),
  );
});

function readmes(): string[] {
  const all = readdirSync(ROOT, { recursive: true, encoding: "utf8" });
  return all.filter((path) => /(^|\/)README\.md$/.test(path) && !/^(node_modules|build|\.git)\//.test(path));
}

test("every link of every README leads somewhere", () => {
  for (const path of readmes()) {
    for (const [, link] of documentRead(path).matchAll(/\]\(([^)#:\s]+)(#[^)]*)?\)/g)) {
      expect(existsSync(join(ROOT, dirname(path), link!)), `${path}: ${link}`).toBe(true);
    }
  }
});
