#!/usr/bin/env node
/**
 * `npx nasm …`: the system's NASM with the same arguments, streams and exit status.
 *
 * Looks through PATH, past itself (npm puts this very file there under the name nasm), and refuses one that is missing
 * or older than 2.15, with the command that installs it. Status 127 then, as a shell gives for a missing command.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

// What boot/ is written for. Debian 12 and Ubuntu 24.04 have 2.16.
const OLDEST = { major: 2, minor: 15 };
const INSTALL = "on Debian or Ubuntu: apt-get install nasm";

const nasm = nasmFind();
if (nasm === undefined) refuse(`nasm is not installed; ${INSTALL}`);

const version = versionOf(nasm);
if (version === undefined) refuse(`${nasm} does not say its version as NASM does; ${INSTALL}`);
if (version.major < OLDEST.major || (version.major === OLDEST.major && version.minor < OLDEST.minor)) {
  refuse(`${nasm} is version ${version.major}.${version.minor}, ${OLDEST.major}.${OLDEST.minor} is needed; ${INSTALL}`);
}

const run = spawnSync(nasm, process.argv.slice(2), { stdio: "inherit" });
if (run.error) refuse(`${nasm} could not be started: ${run.error.message}`);
if (run.signal) process.kill(process.pid, run.signal);
process.exitCode = run.status ?? 1;

/** The first executable file named nasm in PATH that is not this one, nor the copy of it that some npm installs. */
function nasmFind() {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const candidate = join(folder, "nasm");
    try {
      accessSync(candidate, constants.X_OK);
      const real = realpathSync(candidate);
      if (statSync(real).isFile() && !real.endsWith(join("nasm-bin", "nasm.js"))) return candidate;
    } catch {
      // absent, or not for us: the next folder
    }
  }
  return undefined;
}

/** The major and minor version that it reports, or undefined. */
function versionOf(command) {
  const { stdout } = spawnSync(command, ["-v"], { encoding: "utf8" });
  const match = /NASM version (\d+)\.(\d+)/.exec(stdout ?? "");
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

function refuse(why) {
  console.error(`nasm-bin: ${why}`);
  process.exit(127);
}
