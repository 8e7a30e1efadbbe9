import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sandboxCreate, type Sandbox } from "./sandbox.ts";

const TOOLS = [
  "nasm", "clang-14", "ld.lld-14", "llvm-symbolizer-14", "qemu-system-x86_64", "grub-mkrescue", "xorriso", "mformat",
  "flock", "gdb", "busybox", "musl-gcc",
];
const SANITIZERS = "lib/linux/libclang_rt.fuzzer-x86_64.a";

/** A machine that has everything, and where the caller is root. */
function machine(): Sandbox & { setup(): ReturnType<Sandbox["run"]> } {
  const sandbox = sandboxCreate();
  for (const tool of TOOLS) sandbox.fake(tool);
  sandbox.fake("clang-14", `echo ${sandbox.folder}`); // where its run-time libraries are
  mkdirSync(join(sandbox.folder, "lib", "linux"), { recursive: true });
  writeFileSync(join(sandbox.folder, SANITIZERS), "");
  sandbox.fake("gcc", `echo ${sandbox.folder}/libc.a`);
  writeFileSync(join(sandbox.folder, "libc.a"), "");
  sandbox.fake("node", "echo v18.19.0");
  sandbox.fake("npm", "echo 9.2.0");
  sandbox.fake("id", "echo 0");
  for (const platform of ["i386-pc", "x86_64-efi"]) {
    mkdirSync(join(sandbox.folder, platform));
    writeFileSync(join(sandbox.folder, platform, "kernel.img"), "");
  }
  const OVMF = join(sandbox.folder, "OVMF.fd");
  writeFileSync(OVMF, "");
  return { ...sandbox, setup: () => sandbox.run("scripts/setup.sh", [], { GRUB_DIR: sandbox.folder, OVMF }) };
}

/** An apt-get that writes down how it was called, and whose `install` makes a command of each package. */
const APT = [
  'echo "$DEBIAN_FRONTEND apt-get $*" >>"$BIN/apt.log"',
  'if [ "$1" = install ]; then for package; do echo "#!/bin/sh" >"$BIN/$package"; chmod +x "$BIN/$package"; done; fi',
];

test("a machine that has everything is left alone, without a word", () => {
  expect(machine().setup()).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("what is missing is named with its reason, and installed with nothing else", () => {
  const here = machine();
  here.remove("nasm");
  here.fake("apt-get", ...APT);
  const { status, stdout } = here.setup();

  expect(stdout).toMatch(/^Missing on this machine:\n {2}nasm +assembles boot\/\n/);
  expect(stdout).not.toContain("clang-14");
  expect(status).toBe(0);
  const calls = here.run("cat", [join(here.folder, "bin", "apt.log")]).stdout.trimEnd().split("\n");
  expect(calls[0]).toBe(" apt-get update");
  expect(calls[1]).toMatch(/^noninteractive apt-get install --yes .* nasm$/);
  expect(calls).toHaveLength(2);
});

test("without Node there is still a list", () => {
  const here = machine();
  here.remove("node");
  here.remove("npm");
  const { status, stderr } = here.setup();
  expect(status).toBe(1);
  expect(stderr).toContain("  nodejs npm \n");
});

test("where there is no apt-get, it stops with the list of packages", () => {
  const here = machine();
  here.remove("clang-14");
  here.remove("mformat");
  const { status, stderr } = here.setup();
  expect(status).toBe(1);
  expect(stderr).toContain("there is no apt-get");
  expect(stderr).toContain("  clang-14 mtools \n");
});

test.each(["v16.20.2", "v18.18.2", "18", "nonsense", ""])("Node that says %j is no Node >= 18.19", (version) => {
  const here = machine();
  here.fake("node", `echo "${version}"`);
  expect(here.setup().stdout).toContain("  nodejs ");
});

test.each(["v18.19.0", "v18.20.4", "v20.0.0", "v22.1.0"])("Node %s will do", (version) => {
  const here = machine();
  here.fake("node", `echo ${version}`);
  expect(here.setup()).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("npm that cannot read the lock file is too old", () => {
  const here = machine();
  here.fake("npm", "echo 6.14.4");
  expect(here.setup().stdout).toContain("  npm ");
});

test("lld is found under either of its names", () => {
  const here = machine();
  here.remove("ld.lld-14");
  expect(here.setup().stdout).toContain("  lld-14 ");
  here.fake("ld.lld");
  expect(here.setup().stdout).toBe("");
});

test("GRUB's tools without its PC images are not enough", () => {
  const here = machine();
  expect(here.run("scripts/setup.sh", [], { GRUB_DIR: "/nowhere" }).stdout).toContain("  grub-pc-bin ");
});

test("a caller who is not root goes through sudo", () => {
  const here = machine();
  here.remove("nasm");
  here.fake("id", "echo 1000");
  here.fake("apt-get", ...APT);
  here.fake("sudo", 'echo "sudo $*" >>"$BIN/apt.log"', 'exec "$@"');
  expect(here.setup().status).toBe(0);
  const calls = here.run("cat", [join(here.folder, "bin", "apt.log")]).stdout;
  expect(calls).toContain("sudo apt-get update\n");
  expect(calls).toMatch(/sudo env DEBIAN_FRONTEND=noninteractive apt-get install .* nasm\n/);
});

test("without sudo, or refused by it, a caller who is not root gets the list", () => {
  const here = machine();
  here.remove("nasm");
  here.fake("id", "echo 1000");
  here.fake("apt-get", ...APT);
  expect(here.setup()).toMatchObject({ status: 1, stderr: expect.stringContaining("there is no sudo") });
  here.fake("sudo", "exit 1");
  expect(here.setup()).toMatchObject({ status: 1, stderr: expect.stringMatching(/sudo was refused[^]*\n {2}nasm \n/) });
});

test("when the installation fails, its own output is shown", () => {
  const here = machine();
  here.remove("nasm");
  here.fake("apt-get", 'if [ "$1" = install ]; then echo "E: Unable to locate package nasm"; exit 100; fi');
  const { status, stderr } = here.setup();
  expect(status).toBe(1);
  expect(stderr).toContain("E: Unable to locate package nasm\nsetup: apt-get could not install them");
});

test("a package that does not bring what is needed is noticed", () => {
  const here = machine();
  here.fake("node", "echo v12.22.9");
  here.fake("apt-get");
  const { status, stderr } = here.setup();
  expect(status).toBe(1);
  expect(stderr).toMatch(/Still missing, or too old, after the installation:\n {2}nodejs /);
});

// ---- what only some tests want -----------------------------------------------------------------------------
test("the sanitizers' libraries are installed too, after what is needed", () => {
  const here = machine();
  here.remove("nasm");
  rmSync(join(here.folder, SANITIZERS));
  here.fake("apt-get", ...APT);
  const { status, stdout } = here.setup();
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Missing on this machine:\n {2}nasm .*\n {2}libclang-rt-14-dev +shows in tests .*\n/);
  const calls = here.run("cat", [join(here.folder, "bin", "apt.log")]).stdout.trimEnd().split("\n");
  expect(calls.map((call) => call.replace(/^.* /, ""))).toEqual(["update", "nasm", "libclang-rt-14-dev"]);
});

test("what starts the image under UEFI is wished for: GRUB's part of it, and a firmware", () => {
  const here = machine();
  rmSync(join(here.folder, "x86_64-efi"), { recursive: true });
  rmSync(join(here.folder, "OVMF.fd"));
  const { status, stderr } = here.setup();
  expect(status).toBe(0);
  expect(stderr).toContain("setup: some tests are left out without grub-efi-amd64-bin ovmf \n");
});

test("programs for the kernel to run are wished for, static ones, and what builds them", () => {
  const here = machine();
  rmSync(join(here.folder, "libc.a"));
  here.remove("musl-gcc");
  here.fake("ldd"); // it finds libraries: that busybox is another package's
  const { status, stderr } = here.setup();
  expect(status).toBe(0);
  expect(stderr).toContain("setup: some tests are left out without busybox-static libc6-dev musl-tools \n");
});

test.each([
  ["there is no apt-get", []],
  ["apt-get could not install it", ['[ "$1" = update ]']],
])("where they cannot be had, some tests are left out and the rest goes on: %s", (reason, lines) => {
  const here = machine();
  rmSync(join(here.folder, SANITIZERS));
  if (lines.length > 0) here.fake("apt-get", ...lines);
  const { status, stderr } = here.setup();
  expect(status).toBe(0);
  expect(stderr).toContain(reason);
  expect(stderr).toContain("setup: some tests are left out without libclang-rt-14-dev \n");
});

test("where nothing can be had, what is needed is the failure", () => {
  const here = machine();
  here.remove("nasm");
  rmSync(join(here.folder, SANITIZERS));
  const { status, stderr } = here.setup();
  expect(status).toBe(1);
  expect(stderr).toMatch(/\n {2}nasm \n$/);
});
