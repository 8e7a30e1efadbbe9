/**
 * How many words a piece of the kernel looks at or writes: the doors to memory, counted. A test file that counts says
 *
 *   vi.mock("../../fake/machine.ts", async (original) => {
 *     return (await import("../../fake/counted.ts")).counted(await original());
 *   });
 */
const WORDS = [
  "load8", "load16", "load32", "load64", "store8", "store16", "store32", "store64",
] as const;

let accesses = 0;

type Doors = Readonly<Record<string, unknown>>;
type Door = (...parts: readonly unknown[]) => unknown;

/** The machine with its doors to memory counted; words in bulk count one by one. */
export function counted(machine: Doors): Doors {
  const doors = { ...machine };
  for (const name of WORDS) doors[name] = counting(machine[name] as Door, () => 1);
  doors["fillWords"] = counting(machine["fillWords"] as Door, (parts) => parts[2] as number);
  return doors;
}

function counting(door: Door, cost: (parts: readonly unknown[]) => number): Door {
  return (...parts) => {
    accesses += cost(parts);
    return door(...parts);
  };
}

/** Words that `body` reads and writes. */
export function accessesOf(body: () => unknown): number {
  const before = accesses;
  body();
  return accesses - before;
}
