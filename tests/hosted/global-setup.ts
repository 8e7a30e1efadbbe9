/** Before the first test: the library is built, and its sanitized form where this machine has the sanitizers. */
import { spawnSync } from "node:child_process";
import { REPOSITORY } from "../../scripts/compile/errors.ts";

export default function setup(): void {
  make("hosted");
  if (tryMake("build/hosted/sanitizers.stamp").status === 0) make("hosted", "SANITIZE=1");
}

function make(...goals: string[]): void {
  const { status, stdout, stderr } = tryMake(...goals);
  if (status !== 0) throw new Error(`make ${goals.join(" ")} failed:\n${stdout}${stderr}`);
}

/** Not as a part of the `make` that may have started the tests: it would wait for that one's jobs. */
function tryMake(...goals: string[]) {
  const env = { ...process.env, MAKEFLAGS: "", MAKELEVEL: "" };
  return spawnSync("make", ["--no-print-directory", ...goals], { cwd: REPOSITORY, env, encoding: "utf8" });
}
