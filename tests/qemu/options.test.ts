import { expect, test } from "vitest";
import { bootToEnd, EXIT_SUCCESS } from "./machine.ts";

async function heapLine(options: string): Promise<{ heap: string; log: string }> {
  const fixed = "scenario=demand panic=exit heap.max=4M";
  const { log, status } = await bootToEnd({ kernel: "test", options: `${fixed} ${options}` });
  expect(status, log).toBe(EXIT_SUCCESS);
  return { heap: /^mm\/heap: heap (base.* kib=\d+) max-kib=\d+$/m.exec(log)?.[1] ?? "", log };
}

test("the heap lies where the options say, and is as large", async () => {
  const { heap } = await heapLine("heap.base=0x5000_0000_0000 heap.size=3M");
  expect(heap).toBe("base=v0x500000000000 kib=3072");
});

/** Each is refused with a line that names the option, and the default is used instead. */
test.each([
  ["heap.size=lots", "heap.size"],
  ["heap.size=0", "heap.size"],
  ["heap.size=1", "heap.size"],
  ["heap.size=100G", "heap.size"],
  ["heap.size=4097K", "heap.size"],
  ["heap.base=0x1000", "heap.base"],
  ["heap.base=0x4444_4444_0001", "heap.base"],
  ["heap.base=0xffff800000000000", "heap.base"],
  ["heap.base=0x800000000000", "heap.base"],
  ["heap.base=0x7f8000000000", "heap.base"],
])("%s gets a clear line", async (option, name) => {
  const { heap, log } = await heapLine(option);
  const about = log.split("\n").filter((line) => line.includes(name) && line.includes("the default is used"));
  expect(about, log).toHaveLength(1);
  expect(heap).toBe("base=v0x444444440000 kib=1024");
});
