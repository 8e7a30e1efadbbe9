import fc from "fast-check";
import { expect, test } from "vitest";
import { frameBytes, type Frame, NO_FRAME } from "../../kernel/lib/addr.ts";
import { framesFree, frameTake } from "../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../kernel/mm/phys/owners.ts";
import { kernelStart } from "../../kernel/main.ts";
import { type CpuFeatures, fakeMachine, GIB, Halted, IMAGE, load64, type Machine, MIB } from "../fake/machine.ts";
import { type Loaded, type Module, multibootInfo, pvhPut, range, type Range } from "./dev/loader.ts";
import { faultsReachTheKernel } from "./trap/booted.ts";

const MULTIBOOT2 = 0x36d7_6289;
const PVH = 0x5056_4821;
const INFO = 0x8000n;
const PIECE = 0x1_0000;
const PHYS_LIMIT = 1n << 52n;
const LOW: Range[] = [range(0, 0x9_fc00), range(0x9_fc00, 0x400, 2), range(0xf_0000, 0x1_0000, 2)];

interface Started {
  machine: Machine;
  /** The way to the prompt was gone to its end. */
  up: boolean;
  log: string;
}

/** Starts the whole kernel. RAM is where the map says, and in the first 4 MiB. */
function start(loaded: Loaded, door = MULTIBOOT2, cpu: Partial<CpuFeatures> = {}): Started {
  const machine = fakeMachine({ ramBytes: 4 * MIB, moreRam: ramOf(loaded.ranges ?? []), cpu });
  if (door === MULTIBOOT2) machine.physPut(INFO, multibootInfo(loaded));
  const info = door === MULTIBOOT2 ? INFO : pvhPut(machine.physPut, loaded);
  faultsReachTheKernel(machine);
  let up = true;
  try {
    kernelStart(door, Number(info));
  } catch (error) {
    if (!(error instanceof Halted)) throw error;
    up = false;
  }
  return { machine, up, log: machine.serialTake().replaceAll("\r\n", "\n") };
}

function ramOf(ranges: readonly Range[]) {
  return ranges
    .filter((r) => r.type === 1 && r.start + r.length <= PHYS_LIMIT)
    .map((r) => ({
      start: Math.floor(Number(r.start) / PIECE) * PIECE,
      end: Math.ceil(Number(r.start + r.length) / PIECE) * PIECE,
    }));
}

/** May the kernel own all of this frame? */
function isOurs(frame: Frame, { ranges = [], modules = [] }: Loaded): boolean {
  const start = BigInt(frame) * 4096n;
  const end = start + 4096n;
  const meets = (from: bigint, to: bigint) => from < end && start < to;
  if (start < BigInt(MIB) || meets(BigInt(IMAGE.bootEnd), BigInt(IMAGE.dataEnd))) return false;
  if (ranges.some((r) => r.type !== 1 && r.length > 0n && meets(r.start, r.start + r.length))) return false;
  if (modules.some((m) => m.end > m.start && meets(BigInt(m.start), BigInt(m.end)))) return false;
  return ranges.some((r) => r.type === 1 && r.start <= start && r.start + r.length >= end);
}

/** Addresses at which memory begins or ends in real maps and in nightmares. */
const places = fc.oneof(
  fc.integer({ min: 0, max: 64 * MIB }).map(BigInt),
  fc.integer({ min: 0, max: 16384 }).map((page) => BigInt(page) * 4096n),
  fc.constantFrom(0n, BigInt(IMAGE.bootStart), BigInt(IMAGE.bootEnd), BigInt(IMAGE.dataEnd), BigInt(IMAGE.textEnd)),
  fc.constantFrom(3n, 4n, 5n, 64n, 65536n).map((gib) => gib * BigInt(GIB)),
  fc.constantFrom(PHYS_LIMIT - 4096n, PHYS_LIMIT, 2n ** 63n, 2n ** 64n - 4096n, 2n ** 64n - 1n),
);
const lengths = fc.oneof(
  fc.integer({ min: 0, max: 3 * 4096 }).map(BigInt),
  fc.integer({ min: 0, max: 64 * MIB }).map(BigInt),
  fc.constantFrom(1n, 4n).map((gib) => gib * BigInt(GIB)),
  fc.constantFrom(PHYS_LIMIT + 1n, 2n ** 64n - 1n),
);
const types = fc.constantFrom(0, 1, 1, 1, 1, 2, 3, 4, 5, 7, 12, 0xffff_ffff);
const ranges = fc
  .array(fc.tuple(places, lengths, types), { maxLength: 6 })
  .map((all) => all.map(([start, length, type]) => range(start, length, type)));
const modules: fc.Arbitrary<Module[]> = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 40 * MIB }), fc.integer({ min: 0, max: MIB }), fc.string({ maxLength: 80 }))
    .map(([at, size, text]) => ({ start: at, end: at + size, text: text.replaceAll("\0", "") })),
  { maxLength: 3 },
);

test("whatever the map, the kernel comes up on memory that is its own, or refuses the machine in a sentence", () => {
  let ups = 0;
  const machines = fc.record({
    ramMib: fc.integer({ min: 1, max: 24 }),
    plain: fc.boolean(),
    strange: ranges,
    modules,
    commandLine: fc.constantFrom("", "heap.size=8M", "heap.size=9000K", "heap.size=64K", "heap.size=64M"),
    door: fc.constantFrom(MULTIBOOT2, PVH),
    gigabytePages: fc.boolean(),
    physicalBits: fc.constantFrom(36, 40, 46, 52),
  });
  fc.assert(
    fc.property(machines, (chosen) => {
      const plain = chosen.plain ? [...LOW, range(MIB, chosen.ramMib * MIB)] : [];
      const loaded = { ...chosen, ranges: [...plain, ...chosen.strange] };
      const { up, log } = start(loaded, chosen.door, chosen);
      expect(log).not.toContain("trap/fatal");
      expect(log).toContain(up ? "boot: up" : "boot: this machine cannot run the kernel: ");
      if (!up) return;

      ups++;
      const count = Math.min(framesFree(), 100);
      for (let i = 0; i < count; i++) {
        const frame = frameTake(kernelFrames());
        expect(frame).not.toBe(NO_FRAME);
        if (!isOurs(frame, loaded)) throw new Error(`0x${(frame * 4096).toString(16)} was handed out`);
        load64(frameBytes(frame));
      }
    }),
    { numRuns: 40 },
  );
  expect(ups).toBeGreaterThan(5);
});

test("boot memory that the firmware claims does not join the pool", () => {
  const { log } = start({ ranges: [...LOW, range(IMAGE.bootStart + 0x2001, 8 * MIB)] });
  expect(log).toContain("the firmware says that the kernel's own memory is not usable");
  expect(log).toContain("boot: given back frames=6\n"); // of 9: two are outside, one is cut
  expect(log).toContain("boot: up");
});

test("a machine whose bitmap and tables leave no room for the heap is refused while the screen can be reached", () => {
  const far = range(48 * GIB, 4096); // a bitmap of 3 MiB for one frame
  const { up, log } = start({ ranges: [...LOW, range(MIB, 7 * MIB), far] });
  expect(up).toBe(false);
  expect(log).toMatch(/: there is no room for the heap\n.*halted\.\n$/); // and no fault report after it
});
