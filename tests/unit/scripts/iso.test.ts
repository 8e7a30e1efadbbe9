import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sandboxCreate } from "./sandbox.ts";

/** Makes an image of a stand-in kernel and modules; stdout is the grub.cfg in it. */
function image(cmdline: string, ...modules: string[]) {
  const here = sandboxCreate();
  here.fake("grub-mkrescue", 'while [ "$1" != -o ]; do shift; done', ': >"$2"', 'cat "$3/boot/grub/grub.cfg"');
  const paths = ["kernel.elf", ...modules].map((name) => join(here.folder, name));
  for (const path of paths) writeFileSync(path, "");
  return here.run("scripts/iso.sh", [join(here.folder, "kernel.iso"), ...paths], { CMDLINE: cmdline });
}

test("GRUB starts the kernel with its command line, word by word, and nothing expanded", () => {
  const { status, stdout } = image("heap.size=2M  * $x {;}");
  expect(status).toBe(0);
  expect(stdout).toContain("if multiboot2 /boot/kernel.elf 'heap.size=2M' '*' '$x' '{;}'; then\nboot\nfi\n");
});

test("each module is loaded with its name, and the kernel started only if all of them were", () => {
  expect(image("", "a.bin", "b.bin").stdout).toContain(
    "; then\nif module2 '/boot/a.bin' 'a.bin'; then\nif module2 '/boot/b.bin' 'b.bin'; then\nboot\nfi\nfi\nfi\n",
  );
});

test("what GRUB cannot be told is refused", () => {
  expect(image("name='x'")).toMatchObject({ status: 1, stderr: expect.stringContaining("quote in: name='x'") });
});

test("a module that would replace another file is refused", () => {
  expect(image("", "kernel.elf")).toMatchObject({ status: 1, stderr: "iso: two files would be /boot/kernel.elf\n" });
});
