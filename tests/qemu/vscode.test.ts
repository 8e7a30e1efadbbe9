/**
 * .vscode/, checked without VS Code: what the files name exists, and what its C++ extension would tell gdb by them, gdb
 * is told here, in its machine interface (GDB manual, "GDB/MI").
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { HAS_GDB, placeOf } from "./gdb.ts";
import { ROOT } from "./machine.ts";
import { Made } from "./readme.ts";

interface Task {
  readonly label: string;
  readonly type: string;
  readonly command: string;
  readonly problemMatcher: readonly string[] | { readonly background: { readonly endsPattern: string } };
}
interface Launch {
  readonly name: string;
  readonly type: string;
  readonly preLaunchTask: string;
  readonly program: string;
  readonly cwd: string;
  readonly MIMode: string;
  readonly miDebuggerServerAddress: string;
  readonly setupCommands: readonly { readonly text: string }[];
}

/** JSON with comments, as VS Code reads it. */
function settings<T>(name: string): T {
  const path = join(ROOT, ".vscode", name);
  const { config, error } = ts.parseConfigFileTextToJson(path, readFileSync(path, "utf8"));
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, "\n"));
  return config as T;
}
const { tasks } = settings<{ tasks: Task[] }>("tasks.json");
const { configurations } = settings<{ configurations: Launch[] }>("launch.json");
const here = (path: string) => path.replace("${workspaceFolder}", ROOT.replace(/\/$/, ""));

test("every task is a make whose target exists, and every file of .vscode can be read", () => {
  for (const name of ["extensions.json", "settings.json"]) expect(settings(name)).toBeTypeOf("object");
  const makefile = readFileSync(join(ROOT, "Makefile"), "utf8");
  for (const { type, command } of tasks) {
    expect(type).toBe("shell");
    const [, target] = /^make ([a-z-]+)( [A-Z]+=\S+)*$/.exec(command) ?? [command];
    expect(makefile).toMatch(new RegExp(`^${target}:.*##`, "m"));
  }
  expect(settings<Record<string, string>>("settings.json")["typescript.tsdk"]).toSatisfy((path: string) =>
    existsSync(join(ROOT, path)));
});

test("every launch begins with a task, and leads to the socket that make debug opens", () => {
  expect(configurations).toHaveLength(2);
  const script = readFileSync(join(ROOT, "scripts/gdb/debug.sh"), "utf8");
  for (const { type, MIMode, preLaunchTask, program, miDebuggerServerAddress } of configurations) {
    expect([type, MIMode]).toEqual(["cppdbg", "gdb"]);
    expect(tasks.map(({ label }) => label)).toContain(preLaunchTask);
    expect(here(program)).toMatch(/\/build\/(debug|kernel)\.elf$/);
    expect(script).toContain(`wait_at=${miDebuggerServerAddress}\n`);
  }
});

/** A gdb that speaks MI: commands get numbers, answers are awaited. */
class Mi {
  private readonly gdb;
  private heard = "";
  private asked = 0;

  constructor(cwd: string) {
    this.gdb = spawn("gdb", ["-nx", "--interpreter=mi"], { cwd });
    this.gdb.stdout.on("data", (chunk: Buffer) => (this.heard += chunk.toString()));
    this.gdb.stdin.on("error", () => {});
  }

  /** The result's line, without its number. */
  async ask(command: string): Promise<string> {
    const number = 1000 + this.asked++;
    const words = command.startsWith("-") ? command : `-interpreter-exec console "${command}"`;
    this.gdb.stdin.write(`${number}${words}\n`);
    return this.line(new RegExp(`^${number}(\\^.*)$`, "m"));
  }

  async line(wanted: RegExp): Promise<string> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const found = wanted.exec(this.heard)?.[1];
      if (found !== undefined) return found;
      if (Date.now() > deadline || this.gdb.exitCode !== null) throw new Error(`no ${wanted} in:\n${this.heard}`);
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  close(): void {
    this.gdb.kill("SIGKILL");
  }
}

const STOP = placeOf("kernel/trap/page-fault.ts", "if (isUserCopy()");

test.skipIf(!HAS_GDB).each(configurations)("F5, $name: stops in the page-fault handler", async (launch) => {
  const task = tasks.find(({ label }) => label === launch.preLaunchTask)!;
  const made = new Made(task.command);
  const gdb = new Mi(here(launch.cwd));
  try {
    if (Array.isArray(task.problemMatcher)) throw new Error("VS Code would wait for the task's end");
    const { endsPattern } = (task.problemMatcher as { background: { endsPattern: string } }).background;
    const said = await made.until("target remote build/debug.socket\n");
    expect(said.split("\n").at(-1)).toMatch(new RegExp(endsPattern));

    for (const command of ["-gdb-set target-async on", "-gdb-set stop-on-solib-events 1"]) {
      expect(await gdb.ask(command)).toMatch(/^\^done/);
    }
    for (const { text } of launch.setupCommands) expect(await gdb.ask(text), text).toMatch(/^\^done/);
    expect(await gdb.ask(`-environment-cd ${here(launch.cwd)}`)).toMatch(/^\^done/);
    expect(await gdb.ask(`-file-exec-and-symbols ${here(launch.program)}`)).toMatch(/^\^done/);
    expect(await gdb.ask(`-target-select remote ${launch.miDebuggerServerAddress}`)).toMatch(/^\^connected/);
    const place = `${join(ROOT, STOP.split(":")[0]!)}:${STOP.split(":")[1]}`; // an editor knows whole paths
    expect(await gdb.ask(`-break-insert -f ${place}`)).toMatch(/^\^done,bkpt=.*func="onPageFault",file="kernel\//);
    expect(await gdb.ask("-exec-continue")).toMatch(/^\^running/);
    const stop = await gdb.line(/^(\*stopped,reason="breakpoint-hit".*)$/m);
    expect(stop).toContain(`fullname="${place.split(":")[0]}",line="${STOP.split(":")[1]}"`);

    const frames = await gdb.ask("-stack-list-frames 0 1000");
    const functions = frames.matchAll(/frame=\{level="\d+",addr="\w+"(?:,func="([^"]+)")?/g);
    expect([...functions].map(([, name]) => name)).toEqual([
      "onPageFault", "onKernelTrap", "onTrap", expect.stringMatching(/^<|^stub_|^ac_closed/), "demandPageProve",
      "kernelStart",
      "kernelMain", "higher_half",
    ]);
    expect(await gdb.ask("-stack-list-variables --thread 1 --frame 0 --simple-values")).toMatch(
      /\{name="frame",arg="1",type="bigint",value="0xffffffff80[0-9a-f]{6}"\}/);
    expect(await gdb.ask("-exec-next")).toMatch(/^\^running/);
    expect(await gdb.line(/^(\*stopped,reason="end-stepping-range".*)$/m)).toContain("page-fault.ts");
    expect(await gdb.ask("-data-evaluate-expression va")).toBe('^done,value="0xffffe80000000000"');
    expect(await gdb.ask("walk 0xffffe80000000000")).toMatch(/^\^done/); // -exec in the debug console
  } finally {
    gdb.close();
    made.close();
  }
}, 60_000);
