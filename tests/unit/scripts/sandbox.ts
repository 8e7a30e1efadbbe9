/**
 * A folder with a PATH of its own, in which a script meets exactly the tools that a test gives it.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";

// These tests start programs; on a busy machine that takes long, and says nothing about them.
vi.setConfig({ testTimeout: 60_000 });

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Sandbox {
  readonly folder: string;
  /** A command that runs these lines of shell. */
  fake(name: string, ...lines: string[]): void;
  /** Takes a command away again. */
  remove(name: string): void;
  /** Runs a program in the repository; its PATH is what fake() made and the plainest tools. */
  run(program: string, args?: readonly string[], env?: Record<string, string>): Ended;
  /** Runs a line of shell as run() would, on a terminal: what it would show is all in `stdout`. */
  terminal(line: string): Ended;
}

/** What any system has, under the name that it is linked to. */
const PLAIN = ["sh", "cat", "cp", "mv", "rm", "mkdir", "touch", "chmod", "dirname", "basename", "env", "stty", "true"];

/** Removed when the test is over. */
export function sandboxCreate(): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), "palimpsest-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));

  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const tool of PLAIN) symlinkSync(toolFind(tool), join(bin, tool));

  const run: Sandbox["run"] = (program, args = [], env = {}) => {
    const options = { cwd: ROOT, env: { PATH: bin, BIN: bin, ...env }, encoding: "utf8", timeout: 20_000 } as const;
    const { status, stdout, stderr, error } = spawnSync(program, args, options);
    if (error) throw error;
    return { status, stdout, stderr };
  };

  return {
    folder,
    fake(name, ...lines) {
      writeFileSync(join(bin, name), ["#!/bin/sh", ...lines, ""].join("\n"));
      chmodSync(join(bin, name), 0o755);
    },
    remove(name) {
      rmSync(join(bin, name), { force: true });
    },
    run,
    terminal: (line) => run(toolFind("script"), ["-qec", line, "/dev/null"], { SHELL: "/bin/sh" }),
  };
}

function toolFind(name: string): string {
  const folder = (process.env.PATH ?? "").split(":").find((candidate) => existsSync(join(candidate, name)));
  if (folder === undefined) throw new Error(`this machine has no ${name}`);
  return join(folder, name);
}
