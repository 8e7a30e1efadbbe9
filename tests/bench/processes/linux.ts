/**
 * Linux to compare with: Debian's kernel for clouds, with one program, which is its first process. The package is
 * fetched when it is not in build/linux.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const FOLDER = "build/linux";
const META = "linux-image-cloud-amd64";

/** How to start it; `linux` is the program's argument. No mitigation and no clearing that the other side has not. */
const COMMAND_LINE = "console=ttyS0 quiet panic=-1 mitigations=off init_on_alloc=0 -- linux";

/** The path of a kernel image; and what the package is called. */
export function linuxKernel(): { image: string; release: string } {
  let image = imageIn(FOLDER);
  if (image === undefined) {
    fetch();
    image = imageIn(FOLDER);
  }
  if (image === undefined) throw new Error(`no vmlinuz is in ${FOLDER}: remove it, and it is fetched again`);
  return { image, release: image.replace(/^.*vmlinuz-/, "") };
}

/** Arguments of QEMU that boot it with `program` as its only file. */
export function linuxFlags(image: string, program: string): string[] {
  const archive = join(FOLDER, "init.cpio");
  writeFileSync(archive, initramfs(readFileSync(program)));
  return ["-kernel", image, "-initrd", archive, "-append", COMMAND_LINE];
}

function imageIn(folder: string): string | undefined {
  const boot = join(folder, "boot");
  if (!existsSync(boot)) return undefined;
  const name = readdirSync(boot).find((file) => file.startsWith("vmlinuz-"));
  return name === undefined ? undefined : join(boot, name);
}

function fetch(): void {
  const depends = execFileSync("apt-cache", ["depends", META], { encoding: "utf8" });
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error(`apt-cache does not know ${META}: apt-get update, then again`);
  const part = `${FOLDER}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  execFileSync("apt-get", ["download", name], { cwd: part, stdio: ["ignore", "ignore", "pipe"] });
  const file = readdirSync(part).find((each) => each.endsWith(".deb"));
  if (file === undefined) throw new Error(`apt-get has not brought ${name}`);
  execFileSync("dpkg-deb", ["-x", file, resolve(part)], { cwd: part });
  rmSync(FOLDER, { recursive: true, force: true });
  renameSync(part, FOLDER);
}

// ---- the archive: cpio's "newc" (Linux, "initramfs buffer format") -------------------------------------------------
const MODE = { FOLDER: 0o040755, PROGRAM: 0o100755, CONSOLE: 0o020600 } as const;

function initramfs(program: Buffer): Buffer {
  const nothing = Buffer.alloc(0);
  return Buffer.concat([
    entry("dev", MODE.FOLDER, nothing),
    entry("dev/console", MODE.CONSOLE, nothing, 5, 1),
    entry("init", MODE.PROGRAM, program),
    entry("TRAILER!!!", 0, nothing),
  ]);
}

function entry(name: string, mode: number, content: Buffer, major = 0, minor = 0): Buffer {
  const fields = [0, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length + 1, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([padded(Buffer.from(head)), padded(content)]);
}
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
