import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sandboxCreate } from "./sandbox.ts";

/** A QEMU that prints its arguments and ends with `status`. */
function withQemu(status: number) {
  const here = sandboxCreate();
  const image = join(here.folder, "kernel.iso");
  writeFileSync(image, "");
  here.fake("qemu-system-x86_64", 'echo "$*"', `exit ${status}`);
  return { ...here, image };
}

test("status 33 is success, and nothing needs to be said about it", () => {
  const { run, image } = withQemu(33);
  expect(run("scripts/qemu.sh", ["run", image])).toMatchObject({ status: 0, stderr: "" });
});

test("status 0 is no success: the machine reset", () => {
  const { run, image } = withQemu(0);
  const { status, stderr } = run("scripts/qemu.sh", ["run", image]);
  expect(status).toBe(1);
  expect(stderr).toContain("triple fault");
  expect(stderr.length).toBeLessThanOrEqual(81);
});

test("Ctrl-C is no error, and nothing is said about what QEMU has said", () => {
  const here = withQemu(0);
  here.fake("qemu-system-x86_64", "kill -INT $PPID");
  const { status, stderr } = here.run("scripts/qemu.sh", ["run", here.image]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("a run that something ended from outside is no success", () => {
  const here = withQemu(0);
  here.fake("qemu-system-x86_64", "kill -TERM $PPID");
  expect(here.run("scripts/qemu.sh", ["run", here.image]).status).toBe(143);
});

test.each([
  [1, "QEMU could not start"],
  [2, "no exit that is known here"],
  [15, "ended the run with code 7"],
  [35, "panicked"],
  [39, "ended the run with code 19"],
  [127, "could not be started"],
  [134, "signal 6"],
  [255, "ended the run with code 127"],
])("status %i is explained within 80 columns", (status, why) => {
  const { run, image } = withQemu(status);
  const ended = run("scripts/qemu.sh", ["run", image]);
  expect(ended.status).toBe(1);
  expect(ended.stderr).toContain(`QEMU ended with status ${status}: `);
  expect(ended.stderr).toContain(why);
  expect(ended.stderr.length).toBeLessThanOrEqual(81);
});

test("a person is told how to leave, and has the serial console", () => {
  const { run, image } = withQemu(33);
  const { stdout } = run("scripts/qemu.sh", ["run", image]);
  expect(stdout).toMatch(/^QEMU, 512M of memory\. To leave: .*Ctrl-C/);
  expect(stdout).toContain("-serial mon:stdio");
});

test("a test gets QEMU itself: its status, and only the flags that it gave", () => {
  const { run, image } = withQemu(33);
  const args = ["iso", image, "-serial", "file:log", "-m", "4G"];
  const { status, stdout } = run("scripts/qemu.sh", args, { MEMORY: "128M" });
  expect(status).toBe(33);
  expect(stdout).not.toContain("stdio");
  expect(stdout).toContain("-m 128M ");
  expect(stdout).toMatch(/-cdrom \S+kernel\.iso -serial file:log -m 4G\n$/);
});

test.each(["0", "1M", "4M", "4", "7M", "8191K", "0007M"])("MEMORY=%s is too little to start QEMU", (MEMORY) => {
  const { run, image } = withQemu(33);
  const said = `qemu: MEMORY=${MEMORY} is too little; the least is 8M\n`;
  expect(run("scripts/qemu.sh", ["run", image], { MEMORY })).toEqual({ status: 2, stdout: "", stderr: said });
});

test("a test may start a machine with too little", () => {
  const { run, image } = withQemu(33);
  expect(run("scripts/qemu.sh", ["iso", image], { MEMORY: "4M" }).stdout).toContain("-m 4M ");
});

test.each(["lots", "M", "-1", "1.5G", "8MB", "8P", "9999999999M"])("MEMORY=%s is no amount", (MEMORY) => {
  const { run, image } = withQemu(33);
  const said = `qemu: MEMORY=${MEMORY} is no amount of memory; 512M or 2G is\n`;
  expect(run("scripts/qemu.sh", ["run", image], { MEMORY })).toEqual({ status: 2, stdout: "", stderr: said });
});

test.each(["8M", "8", "8192k", "008M", "2G", "1t"])("MEMORY=%s is given to QEMU as it is", (MEMORY) => {
  const { run, image } = withQemu(33);
  expect(run("scripts/qemu.sh", ["run", image], { MEMORY }).stdout).toContain(`-m ${MEMORY} `);
});

test("the PVH door loads the kernel itself", () => {
  const { run, image } = withQemu(33);
  expect(run("scripts/qemu.sh", ["pvh", image]).stdout).toContain(`-kernel ${image}`);
});

test("a missing image, a missing QEMU and an unknown mode are said in a sentence", () => {
  const { run, remove, image } = withQemu(33);
  const said = (...args: string[]) => {
    const { status, stderr } = run("scripts/qemu.sh", args);
    return `${status}: ${stderr}`;
  };
  expect(said("run", "no.iso")).toMatch(/^2: .*make build/);
  expect(said("fly", image)).toMatch(/^2: usage/);
  remove("qemu-system-x86_64");
  expect(said("iso", image)).toMatch(/^2: .*make setup/);
});
