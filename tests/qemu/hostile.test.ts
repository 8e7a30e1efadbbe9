import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootToEnd, Conversation, EXIT_SUCCESS, PROMPT_STOPPED, ROOT } from "./machine.ts";

/** A machine of `size` that the host need not have. */
function virtualMemory(size: string, machine: string): string[] {
  return ["-object", `memory-backend-ram,id=m,size=${size},reserve=off`, "-machine", `${machine},memory-backend=m`];
}

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "hostile-"))));
afterAll(() => rmSync(folder, { recursive: true }));

describe("options", () => {
  test.each(["60M", "61M", "62972K", "62980K", "62988K", "62996K", "63M", "16G"])(
    "heap.size=%s of 64M: the kernel keeps memory to work with, or says that it takes the default",
    async (size) => {
      const options = `heap.size=${size} panic=exit`;
      const { log, status } = await bootToEnd({ kernel: "test", memory: "64M", options });
      expect(status, log).toBe(EXIT_SUCCESS);
      const free = Number(/boot: up frames-free=(\d+)/.exec(log)?.[1]);
      expect(free).toBeGreaterThanOrEqual(253); // of the 256 that are left, tables of the window may take three
      expect(log.includes("not enough memory for heap.size")).toBe(log.includes(" kib=1024 "));
    },
  );

  test("4,000 bytes on the command line: whole words are kept, the rest is dropped with a line", async () => {
    const options = `heap.size=2M ${"word ".repeat(800)}heap.size=3M`;
    const { log, status } = await bootToEnd({ kernel: "test", options });
    expect(status, log).toBe(EXIT_SUCCESS);
    expect(log).toContain("dev: the command line is too long, its last words are dropped\n");
    expect(log).toContain(" kib=2048 ");
  });

  test.each([
    ["a line feed at the end", "heap.size=2M\n", " kib=2048 "],
    ["a line each", "heap.size=3M\r\nheap.base=0x500000000000\r\n", "base=v0x500000000000 kib=3072 "],
    ["rubbish after a NUL", "heap.size=2M\0heap.size=3M", " kib=2048 "],
    ["no byte", "", " kib=1024 "],
    ["4,000 bytes", "x".repeat(4000), "dev: fw_cfg's options are too long and ignored bytes=4000\n"],
    ["no text at all", Buffer.from(Array.from({ length: 2048 }, (_, i) => (i * 89 + 1) & 0xff)), " kib=1024 "],
  ])("a file of options with %s", async (_what, contents, line) => {
    const file = join(folder, "options");
    writeFileSync(file, contents);
    const flags = ["-fw_cfg", `name=opt/kernel/cmdline,file=${file}`];
    const { log, status } = await bootToEnd({ kernel: "test", flags });
    expect(status, log).toBe(EXIT_SUCCESS);
    expect(log).toContain(line);
  });
});

describe("machines", () => {
  const few = "64M";
  const many = "64G"; // more than the host has: not every frame is touched
  test.each([
    ["64G of pc", many, virtualMemory(many, "pc")],
    ["64G without 1 GiB pages", many, [...virtualMemory(many, "q35"), "-cpu", "max,la57=off,-pdpe1gb"]],
    ["a CPU of 2003", few, ["-cpu", "qemu64"]],
    ["a CPU without global pages, SMEP and SMAP", few, ["-cpu", "max,-pdpe1gb,-pge,-smep,-smap,-umip"]],
    ["a CPU that could do five levels", few, ["-cpu", "max"]],
  ])("%s: the kernel comes up, and its memory can be had", async (_what, memory, flags) => {
    const options = `panic=exit scenario=${memory === many ? "demand" : "frames"}`;
    const { log, status } = await bootToEnd({ kernel: "test", memory, options, flags });
    expect(status, log).toBe(EXIT_SUCCESS);
    expect(log).toContain("scenario: end");
  });

  test("18 modules, one of them empty, one with a long name: the ones too many are reserved too", async () => {
    const modules = Array.from({ length: 16 }, (_, i) => [`module-${i}`, 1000 * (i + 1)] as const);
    mkdirSync(join(folder, "modules"));
    const paths = [...modules, ["empty", 0] as const, ["n".repeat(200), 5] as const].map(([name, size]) => {
      const path = join(folder, "modules", name);
      writeFileSync(path, Buffer.alloc(size, name));
      return path;
    });
    const iso = join(folder, "modules.iso");
    execFileSync("scripts/iso.sh", [iso, "build/test.elf", ...paths], { cwd: ROOT, stdio: "ignore" });
    const options = "name=opt/kernel/cmdline,string=scenario=frames panic=exit";
    const flags = ["-drive", `file=${iso},format=raw,if=ide,index=0`, "-boot", "c", "-fw_cfg", options]; // not the CD
    const { log, status } = await bootToEnd({ door: "iso", memory: "64M", flags });
    expect(status, log).toBe(EXIT_SUCCESS);
    expect(log).toContain("dev: too many modules, the last are kept out of reach count=2\n");
    expect(log).toMatch(/ modules=16\b/);
  });
});

describe("the prompt", () => {
  test("10,000 random bytes, NULs, UTF-8, a cursor key and 100 commands at once: it answers", async () => {
    const talk = await Conversation.open({});
    try {
      await talk.expect("\n> ");
      let noise = "";
      for (let i = 0, seed = 7; i < 10_000; i++) {
        seed = (seed * 48271) % 0x7fff_ffff;
        noise += String.fromCharCode(0x20 + (seed % 0x60)); // no Enter, so no command by accident
      }
      talk.type(`${noise}\r${"\0".repeat(1_000)}mem\u00e9\r${"x".repeat(1_000)}\x03\u001b[1;5Cmem\r`);
      talk.type("walk 0\r\n".repeat(100));
      talk.type("fault v0xffffe8003fffffff\r");
      await talk.expect("The byte there is 0x0.\n");
      expect(talk.log.match(/^walk of v0x0 /gm)).toHaveLength(100);
      expect(talk.log).toContain("too long; nothing was done.");
    } finally {
      talk.close();
    }
  });

  test.each([
    ["the last byte", "0xffffffffffffffff", "#PF page fault"],
    ["the screen", "0xffff8000000b8000", "#PF page fault"],
    ["the interrupt controller", "0xffff8000fee00000", "#PF page fault"],
    ["the byte after memory", "0xffff80001ffe0000", "#PF page fault"],
    ["the last address that is none", "0xffff7fffffffffff", "#GP general protection"],
  ])("fault at %s ends in the report", async (_what, address, name) => {
    const talk = await Conversation.open({});
    try {
      await talk.expect("\n> ");
      talk.type(`fault ${address}\r`);
      expect(await talk.expect(PROMPT_STOPPED)).toContain(`trap/fatal: ${name}\n`);
    } finally {
      talk.close();
    }
  });
});
