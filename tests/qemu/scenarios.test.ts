import { expect, test } from "vitest";
import { bootToEnd, EXIT_PANIC, EXIT_SUCCESS } from "./machine.ts";
import { bootAndLook } from "./outside.ts";

test.each([
  ["heap", "the heap survives short and long lives and being full, and is one block again", /boxes=\d+/],
  ["demand", "pages of the demand-paged window appear zeroed at their first touch", /pages=600 frames=60[0-9]/],
  ["spaces", "twenty spaces and a copy are entered, written in, cut and taken apart", /spaces count=21/],
  ["storm", "interrupts at every moment of all of these change nothing", /storm ticks=\d{3,} spurious=\d+/],
])("scenario %s: %s; and what is mapped then is what the kernel says", async (scenario, _fact, line) => {
  const looked = await bootAndLook({ kernel: "test", options: `scenario=${scenario} panic=exit heap.max=4M` });
  const { log, status, roots, mapped, differences } = looked;
  expect(differences).toEqual([]);
  expect(roots).toBe(scenario === "spaces" ? 23 : 1); // 21 spaces and the kernel, which is looked at again at the end
  expect(mapped).toBeGreaterThan(500);
  expect(status, log).toBe(EXIT_SUCCESS);
  expect(log).toMatch(line);
  expect(log).toMatch(/scenario: end frames-before=(\d+) frames-after=\1\n/);
});

/** What the kernel must not be able to do, and the words of the report that show that it was caught. */
test.each([
  ["null", "page zero is never mapped", ["#PF page fault", "address  v0x10\n", "null pointer?"]],
  ["text", "code cannot be written", ["#PF page fault", "a write by the kernel, page present but protected"]],
  ["text-alias", "nor through the direct map", ["a write by the kernel, page present but protected"]],
  ["rodata", "constants cannot be written", ["a write by the kernel, page present but protected"]],
  ["guard", "the page under the stack is absent", ["a write by the kernel, page not present", "stack overflow?"]],
  ["overflow", "a stack overflow is reported from another stack", ["#DF double fault", "stack overflow?"]],
  ["not-canonical", "an address that is none raises general protection", ["#GP general protection"]],
  ["past-window", "the demand-paged window ends where it says", ["#PF page fault", "address  v0xffffe80040000000\n"]],
  ["below-heap", "nothing is mapped in front of the heap", ["#PF page fault", "address  v0x44444443ffff\n"]],
  ["firmware", "the direct map shows memory only", ["#PF page fault", "address  v0xffff80fd00000000\n"]],
  ["divide", "a division by zero says where it was", ["panic: division by zero at tests/qemu/kernel/trespass.ts:"]],
  ["report-walk", "a page table that is gone is told", ["stopped: the table of level 4 cannot be read at p0x10000000"]],
  ["heap-twice", "a block given back twice panics", ["panic: heap: given back twice\n  value    0x444444"]],
  ["frame-twice", "a frame given back twice panics", ["panic: frames: given back twice\n  value    0x"]],
])("trespass %s: %s", async (scenario, _fact, words) => {
  const { log, status } = await bootToEnd({ kernel: "test", options: `scenario=${scenario} panic=exit` });
  expect(status, log).toBe(EXIT_PANIC);
  expect(log).not.toContain("UNPUNISHED");
  for (const said of words) expect(log).toContain(said);
  expect(log).toMatch(/\n {2}rax [0-9a-f]{16} {2}rbx [0-9a-f]{16}/);
});

test("a fault in the report gets one line, and that is the end", async () => {
  const { log, status } = await bootToEnd({ kernel: "test", options: "scenario=report" });
  expect(status).toBe("halted");
  expect(log).toMatch(/: #PF page fault\n {2}at .*\n( {2}in .*)?\ncut short: #PF page fault at=v\S+ cr2=v\S+\nThe /);
  expect(log).toMatch(/\nThe machine is halted\.\n$/);
});
