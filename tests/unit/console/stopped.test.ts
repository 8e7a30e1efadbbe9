import { beforeEach, expect, test } from "vitest";
import { textStart } from "../../../kernel/arch/image.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { logLine } from "../../../kernel/base/log.ts";
import { ringInit } from "../../../kernel/base/log-ring.ts";
import { framesFree } from "../../../kernel/mm/phys/frames.ts";
import { fatal, fatalInit } from "../../../kernel/trap/fatal.ts";
import { DebugExit, fakeMachine, Halted, PageFault, type Machine } from "../../fake/machine.ts";
import { bootedMachine } from "../trap/booted.ts";
import { trapFrame } from "../trap/frame.ts";

let machine: Machine;
let onWrite = (_said: string): void => {};
beforeEach(() => {
  machine = bootedMachine();
  serialInit();
  ringInit();
  fatalInit(false);
  onWrite = () => {};
});

/** The kernel ends by #GP; then `lines` are typed at the prompt, and `exit`. What it said to each. */
function answers(...lines: string[]): string[] {
  const waiting = [...Buffer.from([...lines, "exit", ""].join("\r"))];
  let said = "";
  machine.portPlug(0x3fd, 1, { read: () => (waiting.length > 0 && said.includes("! ") ? 0x61 : 0x60) });
  machine.portPlug(0x3f8, 1, {
    read: () => waiting.shift() ?? 0,
    write: (_port, byte) => {
      said += String.fromCharCode(byte);
      onWrite(said);
    },
  });
  machine.cpu.cr2 = 0x1234n;
  const frame = trapFrame(machine, { vector: 13n, rip: textStart() + 0x20n, rbx: 0xabcdn });
  expect(() => fatal(frame)).toThrow(new DebugExit(0x11));
  for (const line of said.split("\r\n")) expect(line.replaceAll("\x07", "")).toMatch(/^[ -~\b]{0,80}$/);
  const parts = said.split("\r\n! ");
  expect(parts).toHaveLength(lines.length + 2);
  return parts.slice(1, -1).map((part) => part.slice(part.indexOf("\r\n") + 2).replaceAll("\r\n", "\n"));
}

test("after the report the prompt tells again what it told: registers, backtrace, log", () => {
  logLine("mm: what led to it");
  const [regs, bt, log] = answers("regs", "bt", "log");
  expect(regs).toContain("rbx 000000000000abcd");
  expect(regs).toContain("cr2 0000000000001234");
  expect(bt).toContain("backtrace\n  #0 0xffffffff80");
  expect(log).toBe("mm: what led to it");
});

test("it looks at memory, and takes none", () => {
  const free = framesFree();
  const [walk, mem, memmap] = answers("walk 0xffff800000800000", "mem", "memmap");
  expect(walk).toMatch(/p0x800000, in a page of 2 MiB$/);
  expect(mem).toContain(`${free}`);
  expect(mem).not.toContain("largest"); // that goes through the heap's list
  expect(memmap).toContain("in all");
  expect(framesFree()).toBe(free);
});

test("what acts is not in help, and is refused by its name; what is no command is told apart", () => {
  const [help, fault, run, panic, none] = answers("help", "fault 0", "run", "panic", "fly");
  expect(help).toMatch(/^ {2}bt /m);
  expect(help).not.toMatch(/^ {2}(fault|panic) /m);
  expect(fault).toBe("fault is not to be had after a panic.");
  expect(run).toBe("run is not to be had after a panic.");
  expect(panic).toBe("panic is not to be had after a panic.");
  expect(none).toBe("There is no command fly; help lists them.");
});

test("a command that meets a fault gets one line, and the prompt comes back", () => {
  let faults = 1;
  onWrite = (said) => {
    if (said.endsWith("total ") && faults-- > 0) throw new PageFault(0x10n, "read", 0);
  };
  const [first, second] = answers("mem", "mem");
  expect(first).toMatch(/\nThat command met #PF page fault, and is given up\.$/);
  expect(second).toMatch(/^heap bytes /m);
});

test("without a serial port there is nobody to ask: the machine halts", () => {
  machine = fakeMachine();
  machine.portPlug(0x3f8, 8, null);
  serialInit();
  fatalInit(false);
  expect(() => fatal(trapFrame(machine, { vector: 13n, rip: textStart() }))).toThrow(new Halted("hlt"));
});

test("Ctrl-C, a long line and nothing at all are answered as ever; interrupts stay off", () => {
  machine.onIdle(() => {
    throw new Error("it slept");
  });
  const [long, nothing] = answers("x".repeat(200), "");
  expect(long).toBe("That line is too long; nothing was done.");
  expect(nothing).toBe("");
  expect(machine.cpu.interruptsEnabled).toBe(false);
});
