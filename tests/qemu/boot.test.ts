import { describe, expect, test } from "vitest";
import { BOOT_LINES } from "./boot-lines.ts";
import { bootToEnd, EXIT_SUCCESS } from "./machine.ts";

describe.each(["iso", "pvh"] as const)("through %s", (door) => {
  test("the kernel comes up, says so line by line in this order, and exits with success", async () => {
    const { log, status } = await bootToEnd({ door, kernel: "test", options: "scenario=demand heap.max=4M" });
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
  const { log } = await bootToEnd({ door: "iso", kernel: "test", options: "scenario=heap heap.size=2M heap.max=4M" });
  expect(log).toContain("kib=2048");
});
