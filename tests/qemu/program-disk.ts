/** A machine with the programs of tests/programs as its modules: built, booted, run one by one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { Conversation, PROMPT, ROOT } from "./machine.ts";

const CFLAGS = [
  "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-fno-stack-protector",
  "-fuse-ld=lld", "-Wl,-z,noexecstack",
];

export class ProgramMachine {
  private constructor(private readonly folder: string, readonly talk: Conversation) {}

  /** `linked`: what is special about how one is linked. `texts`: other files. The prompt is there. */
  static async open(
    programs: readonly string[], linked: Readonly<Record<string, readonly string[]>> = {},
    texts: Readonly<Record<string, string>> = {}, memory?: string,
  ): Promise<ProgramMachine> {
    const folder = mkdtempSync(join(tmpdir(), "programs-"));
    mkdirSync(join(folder, "bin"));
    const files = programs.map((name) => {
      const file = join(folder, "bin", name);
      const source = `tests/programs/${name}.c`;
      execFileSync("clang-14", [...CFLAGS, ...(linked[name] ?? []), "-o", file, source], { cwd: ROOT });
      return file;
    });
    for (const [name, text] of Object.entries(texts)) {
      files.push(join(folder, "bin", name));
      writeFileSync(join(folder, "bin", name), text);
    }
    return ProgramMachine.boot(folder, files, memory);
  }

  /** The same with files that are there. `folder` goes at the end. */
  static async boot(folder: string, files: readonly string[], memory?: string): Promise<ProgramMachine> {
    const iso = join(folder, "programs.iso");
    execFileSync("scripts/iso.sh", [iso, "build/kernel.elf", ...files], { cwd: ROOT, stdio: "ignore" });
    const talk = await Conversation.open({
      ...(memory === undefined ? {} : { memory }), door: "iso",
      flags: ["-drive", `file=${iso},format=raw,if=ide,index=0`, "-boot", "c"],
    });
    await talk.expect("\n> ");
    return new ProgramMachine(folder, talk);
  }

  close(): void {
    this.talk.close();
    rmSync(this.folder, { recursive: true });
  }

  async framesFree(): Promise<number> {
    return Number(/^frames +\d+ +(\d+)/m.exec(await this.talk.ask("mem"))?.[1]);
  }

  /**
   * The lines that it says. All its memory is back then, and everything agrees: what is kept for the next program, as
   * its kernel stacks are, it must have found.
   */
  async run(words: string, seconds?: number): Promise<string[]> {
    const before = await this.framesFree();
    const said = await this.talk.ask(`run ${words}`, PROMPT, seconds);
    expect(await this.talk.ask("audit")).toBe("All that memory management keeps agrees.");
    expect(await this.framesFree()).toBe(before);
    return said.split("\n");
  }
}
