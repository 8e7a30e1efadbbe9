/**
 * Debian's busybox-static, as it is: its applets give here what they give on the host. Each runs as a person would run
 * it, from the prompt; what it leaves behind is nothing.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProgramMachine } from "./program-disk.ts";

/** Where Debian's package puts it; one that is linked dynamically is another package's. */
const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"].find(existsSync) ?? "";
const IS_THERE = BUSYBOX !== "" && spawnSync("ldd", [BUSYBOX]).status !== 0;

/** What the host's says, with nothing to read and nothing of the host's around it, and how it ends. */
function onHost(words: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync(BUSYBOX, words, { env: {}, cwd: "/", encoding: "utf8", input: "" });
  return [...(stdout + stderr).trimEnd().split("\n"), ...(status === 0 ? [] : [`busybox ended with ${status}`])];
}
/** As the kernel's prompt takes it. */
const quoted = (word: string): string => (/^[\w+./-]+$/.test(word) ? word : `'${word}'`);

describe.skipIf(!IS_THERE)("busybox", () => {
  let machine: ProgramMachine;
  beforeAll(async () => {
    machine = await ProgramMachine.boot(mkdtempSync(join(tmpdir(), "busybox-")), [BUSYBOX]);
    await machine.talk.ask("run busybox sh -c 'seq 9 | sort | tail -n 1'"); // what it leaves is kept
  }, 60_000);
  afterAll(() => machine.close());

  const WORDS: readonly (readonly string[])[] = [
    ["echo", "one", "two  words", "-e"],
    ["echo", "-n", "-e", "a\\tb\\n"],
    ["seq", "3", "4", "20"],
    ["printf", "%5s|%-4d|%x\\n", "ab", "7", "255"],
    ["expr", "6", "*", "7"],
    ["expr", "1", "=", "2"],
    ["factor", "1234567890", "97"],
    ["cal", "2", "2024"],
    ["awk", 'BEGIN{for(i=1;i<6;i++)s+=i*i;printf "%d %.3f\\n",s,sqrt(2)}'],
    ["dc", "-e", "2 64 ^ p 10 k 2 v p"],
    ["sh", "-c", "for i in a b c; do echo $i; done"],
    ["sh", "-c", "i=0;while [ $i -lt 3 ];do echo $i;i=$((i+1));done"],
    ["sh", "-c", "echo $((7*6)) $((1<<40)) $((-7/2)); exit 4"],
    ["sh", "-c", "seq 30 | sort -r | head -n 3"],
    ["sh", "-c", "echo hello | md5sum; printf abc | sha256sum"],
    ["sh", "-c", "seq 2000 | awk \"{s+=\\$1}END{print s}\""],
    ["sh", "-c", "x=$(seq 5 | wc -l); echo $x; false || echo no"],
    ["sh", "-c", "f(){ echo f $1; }; f 1; (f 2; exit 3); echo $?"],
    ["sh", "-c", "echo b a c | tr \" \" \"\\n\" | sort | uniq -c"],
    ["sh", "-c", "ls /nowhere 2>/dev/null; echo $?; cat /x"],
    ["nothing"],
  ];
  test.each(WORDS.map((words) => [words]))("%j", async (words) => {
    const said = await machine.run(`busybox ${words.map(quoted).join(" ")}`);
    // What a library asks for in vain is said once, in between.
    expect(said.filter((line) => !line.startsWith("syscall: not here: "))).toEqual(onHost(words));
  });
});
