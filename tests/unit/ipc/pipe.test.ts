import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  NO_PIPE, PIPE, PIPE_BYTES, type Pipe, pipeClose, pipeIsSound, pipeRead, pipeRoom, pipesInit, pipesOut, pipesTrim,
  pipeTake, pipeWrite,
} from "../../../kernel/ipc/pipe.ts";
import { BAD_ADDRESS, BROKEN_PIPE, NO_MEMORY, WOULD_BLOCK } from "../../../kernel/lib/status.ts";
import { framesFree } from "../../../kernel/mm/phys/frames.ts";
import { framesFailAt, framesHaveFailed } from "../../../kernel/mm/phys/freed-pattern.ts";
import {
  bootProgram, CONSTANT, PROGRAM, PROGRAM_END, programGet, type ProgramMachine, programPut,
} from "../../fake/program.ts";

vi.mock("../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

const PAGE = 4096;
const ATOMIC = 4096;
let program: ProgramMachine;
let pipe: Pipe;
let before: number;
beforeEach(() => {
  framesFailAt(0);
  program = bootProgram();
  pipesInit();
  pipe = pipeTake();
  before = framesFree();
});

const held = (): number => before - framesFree();
/** Bytes that tell where they were: no page is like another. */
function text(from: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (from + i) % 251);
}
function put(from: number, count: number): number {
  programPut(program, PROGRAM, text(from, count));
  return pipeWrite(pipe, PROGRAM, count);
}
function get(count: number): Uint8Array {
  const done = pipeRead(pipe, PROGRAM, count);
  expect(done).toBeGreaterThanOrEqual(0);
  return programGet(program, PROGRAM, done);
}

test("what is written is read, in its order, over the ring's end and again", () => {
  let written = 0;
  let read = 0;
  for (const [write, take] of [[50_000, 40_000], [50_000, 60_000], [65_536, 65_535], [60_000, 60_001]] as const) {
    expect(put(written, write)).toBe(write);
    written += write;
    expect(get(take)).toEqual(text(read, take));
    read += take;
    expect(pipeIsSound(pipe)).toBe(true);
  }
  expect([written - read, PIPE.used(pipe), held()]).toEqual([0, 0, 0]);
});

test("a page has a frame while bytes are in it", () => {
  put(0, 1);
  expect(held()).toBe(1);
  put(1, PAGE);
  expect(held()).toBe(2);
  get(PAGE);
  expect(held()).toBe(1);
  get(1);
  expect(held()).toBe(0);
  put(0, PIPE_BYTES); // the first page has its end, and the last bytes of all
  expect(held()).toBe(16);
  get(PAGE - 1);
  expect(held()).toBe(16);
  expect(pipeIsSound(pipe)).toBe(true);
  get(PIPE_BYTES);
  expect(held()).toBe(0);
});

test("a full one takes nothing, one with too little room what must not be divided neither, and of more a part", () => {
  expect(put(0, PIPE_BYTES - 10)).toBe(PIPE_BYTES - 10);
  expect([put(0, 11), put(0, ATOMIC), put(0, 10)]).toEqual([WOULD_BLOCK, WOULD_BLOCK, 10]);
  expect([put(0, 1), put(0, ATOMIC + 1), pipeRoom(pipe)]).toEqual([WOULD_BLOCK, WOULD_BLOCK, 0]);
  get(100);
  expect([put(0, ATOMIC), put(0, ATOMIC + 1)]).toEqual([WOULD_BLOCK, 100]);
});

test("an empty one has nothing yet; without a writer it has ended, and without a reader it is broken", () => {
  expect(pipeRead(pipe, PROGRAM, 10)).toBe(WOULD_BLOCK);
  put(0, 5);
  expect(pipeClose(pipe, true)).toBe(true);
  expect(get(10)).toEqual(text(0, 5));
  expect(pipeRead(pipe, PROGRAM, 10)).toBe(0);
  const other = pipeTake();
  pipeClose(other, false);
  expect(pipeWrite(other, PROGRAM, 1)).toBe(BROKEN_PIPE);
});

test("with its last end all of it goes, bytes that nobody has read, too", () => {
  pipesTrim();
  const free = framesFree();
  put(0, 20_000);
  expect(pipeClose(pipe, false)).toBe(true);
  expect(pipeClose(pipe, true)).toBe(false);
  pipesTrim();
  expect([pipesOut(), framesFree()]).toEqual([0, free + 1]); // the slab's own frame
});

describe("a bad address", () => {
  const END = PROGRAM_END;
  test.each([
    ["from its first byte on", END, 1],
    ["its last byte", END - 9n, 10],
    ["behind a page's end", END - 4095n, 4096],
    ["the kernel's heap", 0x4444_4444_0000n, 8],
    ["the upper half", 0xffff_8000_0000_0000n, 8],
    ["the end of everything", 2n ** 64n - 1n, 8],
  ] as const)("%s: nothing that must not be divided is written, and nothing that was there is lost", (_, at, count) => {
    expect(pipeWrite(pipe, at, count)).toBe(BAD_ADDRESS);
    expect([PIPE.used(pipe), held()]).toEqual([0, 0]);
    put(0, PAGE);
    expect(pipeRead(pipe, at, count)).toBe(BAD_ADDRESS);
    expect(get(PAGE)).toEqual(text(0, PAGE));
  });

  test("of more, what could be read is written, by pages of the ring", () => {
    programPut(program, END - 8192n, text(0, 8192));
    expect(pipeWrite(pipe, END - 8192n, 8193)).toBe(8192);
    expect([PIPE.used(pipe), held()]).toEqual([8192, 2]);
  });

  test("what cannot be written loses no byte", () => {
    put(0, 100);
    expect(pipeRead(pipe, CONSTANT, 100)).toBe(BAD_ADDRESS);
    expect(get(100)).toEqual(text(0, 100));
  });
});

describe("without frames", () => {
  test("there is no pipe", () => {
    pipesInit();
    framesFailAt(1);
    expect([pipeTake(), framesHaveFailed()]).toEqual([NO_PIPE, true]);
  });

  test.each([1, 2])("at the %i. time, a write that must not be divided is none, and the pipe is as it was", (time) => {
    put(0, PAGE - 1); // two frames are needed for what comes behind
    get(PAGE - 1);
    framesFailAt(time);
    expect(put(0, ATOMIC)).toBe(NO_MEMORY);
    expect([framesHaveFailed(), PIPE.used(pipe), held(), pipeIsSound(pipe)]).toEqual([true, 0, 0, true]);
    framesFailAt(0);
    expect([put(0, ATOMIC), held()]).toEqual([ATOMIC, 2]);
  });

  test("of more, as much is written as there are frames for", () => {
    framesFailAt(4);
    expect(put(0, 20_000)).toBe(3 * PAGE);
    expect([framesHaveFailed(), held(), pipeIsSound(pipe)]).toEqual([true, 3, true]);
    expect(get(20_000)).toEqual(text(0, 3 * PAGE));
  });
});

const steps = fc.array(fc.tuple(fc.boolean(), fc.oneof(fc.nat(70_000), fc.nat(5000), fc.nat(10))), { maxLength: 60 });
test("it is a queue of bytes, whatever is written and read", () => {
  fc.assert(fc.property(steps, (all) => {
    let [written, read] = [0, 0];
    for (const [isWrite, some] of all) {
      const count = Math.min(some + 1, Number(PROGRAM_END - PROGRAM));
      const used = written - read;
      if (isWrite) {
        const answer = put(written, count);
        const room = PIPE_BYTES - used;
        expect(answer).toBe(count <= room ? count : count > ATOMIC && room > 0 ? room : WOULD_BLOCK);
        if (answer > 0) written += answer;
      } else if (used > 0) {
        const found = get(count);
        expect(Buffer.from(found).equals(Buffer.from(text(read, Math.min(count, used))))).toBe(true);
        read += found.length;
      }
      expect([PIPE.used(pipe), pipeIsSound(pipe)]).toEqual([written - read, true]);
    }
    while (written > read) read += get(PIPE_BYTES).length;
    expect(held()).toBe(0);
  }), { numRuns: 60 });
});
