import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BOOT_LINES } from "./boot-lines.ts";
import { type Boot, bootToEnd, Conversation, EXIT_SUCCESS, OVMF, ROOT } from "./machine.ts";

const LONG = process.env["LONG"] === "1"; // the firmware takes some seconds before it looks for a disk

/** What UEFI looks for on a medium (UEFI Specification, "Removable Media Boot Behavior"), as FAT spells it. */
const HAS_UEFI = existsSync(OVMF) && /BOOTX64 ?\.?EFI/.test(readFileSync(join(ROOT, "build/kernel.iso"), "latin1"));

describe.skipIf(!LONG || !HAS_UEFI).each(["pc", "q35"])("the same image under UEFI, on %s", (machine) => {
  const boot: Boot = { door: "uefi", flags: ["-machine", machine] };
  /** The firmware and GRUB speak before the kernel does. */
  const ofKernel = (log: string) => log.slice(log.indexOf("boot: Palimpsest"));

  test("the kernel says the same lines as under a BIOS, and ends at its prompt", async () => {
    const talk = await Conversation.open(boot);
    try {
      await talk.expect("\n> ", 60);
      const lines = ofKernel(talk.log).split("\n");
      BOOT_LINES.filter((line) => !line.source.includes("dev: options")).forEach((line, i) => {
        expect(lines[i]).toMatch(line);
      });
      expect(talk.log).toContain("BdsDxe: starting"); // EDK II's words: it was UEFI
      expect(await talk.ask("memmap")).toMatch(/ACPI NVS$/m);
      talk.type("exit\r");
      expect((await talk.ended()).status).toBe(EXIT_SUCCESS);
    } finally {
      talk.close();
    }
  }, 120_000);

  test.each(["heap", "frames", "demand", "storm"])("scenario %s holds", async (scenario) => {
    const options = `scenario=${scenario} panic=exit`;
    const { log, status } = await bootToEnd({ ...boot, kernel: "test", options }, 60);
    expect(status, log).toBe(EXIT_SUCCESS);
    expect(log).toMatch(/scenario: end frames-before=(\d+) frames-after=\1\n/);
  }, 120_000);
});
