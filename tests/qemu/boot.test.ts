import { describe, expect, test } from "vitest";
import { bootToEnd, EXIT_SUCCESS } from "./machine.ts";

/** The lines of a boot in their order, figures left open: what README shows, and what a person waits for. */
const BOOT_LINES = [
  /^boot: Palimpsest, a kernel in TypeScript$/,
  /^arch: cpu( \S+)+$/,
  /^arch: clock tsc-khz=\d{5,} ticks=100 unix-time=\d{10}$/,
  /^dev: boot information ranges=\d+ modules=\d+$/,
  /^dev: options .*$/,
  /^mm\/phys: memory map regions=\d+ usable-frames=\d+ end=p0x[0-9a-f]+$/,
  /^mm\/phys: frames total=\d+ free=\d+ bitmap=p0x[0-9a-f]+ size=0x[0-9a-f]+$/,
  /^mm\/paging: kernel map root=p0x[0-9a-f]+ tables=\d+$/,
  /^boot: given back frames=\d+$/,
  /^mm\/heap: heap base=v0x444444440000 kib=1024$/,
  /^mm\/fault: demand page v0xffffe80000000000 -> p0x[0-9a-f]+, given back$/,
  /^boot: up frames-free=\d+$/,
];

describe.each(["iso", "pvh"] as const)("through %s", (door) => {
  test("the kernel comes up, says so line by line in this order, and exits with success", async () => {
    const { log, status } = await bootToEnd({ door, kernel: "test", options: "scenario=heap" });
    expect(status, log).toBe(EXIT_SUCCESS);
    const lines = log.split("\n").slice(0, BOOT_LINES.length);
    BOOT_LINES.forEach((line, index) => expect(lines[index]).toMatch(line));
  });

  test("no line of a boot is wider than a terminal", async () => {
    const { log } = await bootToEnd({ door, kernel: "test", options: "scenario=demand" });
    for (const line of log.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});

test("options of QEMU's fw_cfg reach a kernel that GRUB started", async () => {
  const { log } = await bootToEnd({ door: "iso", kernel: "test", options: "scenario=heap heap.size=2M" });
  expect(log).toContain("kib=2048");
});
