/** What the calls about descriptors leave behind when there is no memory, and what they may not do. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { pipesInit, pipesOut, pipesTrim } from "../../../kernel/ipc/pipe.ts";
import { terminalInit } from "../../../kernel/ipc/terminal.ts";
import { BAD_ADDRESS, NO_MEMORY, OK, TOO_MANY_FILES, WOULD_BLOCK } from "../../../kernel/lib/status.ts";
import { framesFree } from "../../../kernel/mm/phys/frames.ts";
import { framesFailAt, framesHaveFailed } from "../../../kernel/mm/phys/freed-pattern.ts";
import { slabFrames } from "../../../kernel/mm/slab/slab.ts";
import { descriptorTake, DESCRIPTORS, type FileTable, fileTableNext, fileTableTake } from
  "../../../kernel/proc/file-table.ts";
import {
  FILE_FLAG, FILE_KIND, fileRelease, filesInit, filesOut, filesSlab, filesTrim, fileTake,
} from "../../../kernel/proc/files.ts";
import { filesAudit } from "../../../kernel/proc/files-audit.ts";
import { NO_PROCESS, PROCESS, processCurrentSet, processesInit, processTake } from "../../../kernel/proc/process.ts";
import { scheduleInit } from "../../../kernel/proc/schedule.ts";
import { callClose, callPipe, callRead, callReadv, callWrite, callWritev } from "../../../kernel/syscall/file-calls.ts";
import { callOpenat } from "../../../kernel/syscall/path-calls.ts";
import { HERE } from "../../../kernel/syscall/paths.ts";
import { callPoll } from "../../../kernel/syscall/poll-calls.ts";
import {
  bootProgram, CONSTANT, PROGRAM, PROGRAM_END, programGet, type ProgramMachine, programPut,
} from "../../fake/program.ts";

vi.mock("../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

const NONBLOCK = 0o4000n;
let program: ProgramMachine;
let table: FileTable;
beforeEach(() => {
  framesFailAt(0);
  program = bootProgram();
  pipesInit();
  filesInit();
  terminalInit(0);
  scheduleInit();
  processesInit();
  table = fileTableTake();
  const process = processTake(NO_PROCESS);
  PROCESS.setFiles(process, table);
  processCurrentSet(process);
});

function open(): number[] {
  const found: number[] = [];
  for (let at = fileTableNext(table, 0); at >= 0; at = fileTableNext(table, at + 1)) found.push(at);
  return found;
}
const state = (): unknown => {
  pipesTrim();
  filesTrim();
  return [framesFree(), filesOut(), pipesOut(), open()];
};
/** The ends of a new pipe. */
function pipe(): [bigint, bigint] {
  expect(callPipe(PROGRAM, NONBLOCK)).toBe(OK);
  const pair = new DataView(programGet(program, PROGRAM, 8).buffer);
  return [BigInt(pair.getUint32(0, true)), BigInt(pair.getUint32(4, true))];
}

describe("without a frame at the k-th time", () => {
  test.each<[string, number, () => number]>([
    ["pipe2", 3, () => callPipe(PROGRAM, 0n)],
    ["open", 2, () => {
      programPut(program, PROGRAM, Buffer.from("/dev/null\0"));
      return callOpenat(HERE, PROGRAM, 0n);
    }],
    ["a write to a pipe", 2, () => callWrite(1n, PROGRAM, 100n)],
  ])("%s leaves all as it was, and is done at the %d. time", (what, times, act) => {
    if (what.startsWith("a write")) pipe();
    const before = state();
    for (let time = 1; time < times; time++) {
      framesFailAt(time);
      expect(act()).toBe(NO_MEMORY);
      expect(framesHaveFailed()).toBe(true);
      framesFailAt(0);
      expect([state(), filesAudit()]).toEqual([before, OK]);
    }
    framesFailAt(times);
    expect(act()).toBeGreaterThanOrEqual(OK);
    expect(framesHaveFailed()).toBe(false);
  });
});

test("a pipe whose second end finds no room is none, and the first end has its end", () => {
  const files = [fileTake(FILE_KIND.NULL, FILE_FLAG.READ_WRITE, 0n)];
  const fullFrame = slabFrames(filesSlab());
  do files.push(fileTake(FILE_KIND.NULL, FILE_FLAG.READ_WRITE, 0n));
  while (slabFrames(filesSlab()) === fullFrame);
  for (const file of files.splice(-2)) fileRelease(file); // one has room in the frame that is there
  const before = state();
  framesFailAt(2);
  expect([callPipe(PROGRAM, 0n), framesHaveFailed()]).toEqual([NO_MEMORY, true]);
  framesFailAt(0);
  expect([state(), filesAudit()]).toEqual([before, OK]);
});

test("a pipe of which the program cannot be told, or that has no numbers, is none", () => {
  const before = state();
  for (const at of [CONSTANT, PROGRAM_END - 4n, 0n]) expect(callPipe(at, 0n)).toBe(BAD_ADDRESS);
  expect(state()).toEqual(before);
  const file = fileTake(FILE_KIND.NULL, FILE_FLAG.READ_WRITE, 0n);
  for (let i = 0; i < DESCRIPTORS - 1; i++) descriptorTake(table, 0, file, false);
  fileRelease(file);
  const full = state();
  expect([callPipe(PROGRAM, 0n), state(), filesAudit()]).toEqual([TOO_MANY_FILES, full, OK]);
});

describe("parts", () => {
  /** An array of struct iovec, at the program's beginning. */
  const vectors = (...parts: [at: bigint, size: bigint][]): void => {
    const words = BigUint64Array.from(parts.flat());
    programPut(program, PROGRAM, new Uint8Array(words.buffer));
  };
  const TEXT = PROGRAM + 0x1000n;

  test("of which one cannot be read: what was before it is written", () => {
    const [reader, writer] = pipe();
    programPut(program, TEXT, Buffer.from("abcdef"));
    vectors([TEXT, 3n], [TEXT + 3n, 3n], [0n, 1n], [TEXT, 3n]);
    expect(callWritev(writer, PROGRAM, 4n)).toBe(6);
    vectors([0n, 1n], [TEXT, 3n]);
    expect(callWritev(writer, PROGRAM, 2n)).toBe(BAD_ADDRESS);
    expect(callRead(reader, TEXT, 100n)).toBe(6);
    expect(callRead(reader, TEXT, 100n)).toBe(WOULD_BLOCK);
  });

  test("that must not be divided wait for room for all of them", () => {
    const [, writer] = pipe();
    expect(callWrite(writer, PROGRAM, 65536n - 5n)).toBe(65531);
    vectors([TEXT, 3n], [TEXT, 3n]);
    expect(callWritev(writer, PROGRAM, 2n)).toBe(WOULD_BLOCK);
    vectors([TEXT, 3n], [TEXT, 2n]);
    expect(callWritev(writer, PROGRAM, 2n)).toBe(5);
  });

  test("are filled with what is there, and none is waited for once there is something", () => {
    const [reader, writer] = pipe();
    callWrite(writer, PROGRAM, 5n);
    vectors([TEXT, 2n], [TEXT, 0n], [TEXT, 2n], [TEXT, 9n], [TEXT, 9n]);
    expect(callReadv(reader, PROGRAM, 5n)).toBe(5);
    expect(callReadv(reader, PROGRAM, 5n)).toBe(WOULD_BLOCK);
  });

  test("the array itself may lie anywhere: its last byte counts", () => {
    const [, writer] = pipe();
    programPut(program, PROGRAM_END - 16n, new Uint8Array(16));
    expect(callWritev(writer, PROGRAM_END - 16n, 1n)).toBe(0);
    expect(callWritev(writer, PROGRAM_END - 15n, 1n)).toBe(BAD_ADDRESS);
    expect(callWritev(writer, PROGRAM_END - 16n, 2n)).toBe(BAD_ADDRESS);
  });
});

test("poll's array is read and written to its last byte", () => {
  expect(callPoll(PROGRAM_END - 8n, 1n, 0n)).toBe(1); // descriptor 0 is not open
  expect(callPoll(PROGRAM_END - 7n, 1n, 0n)).toBe(BAD_ADDRESS);
  expect(callPoll(CONSTANT, 1n, 0n)).toBe(BAD_ADDRESS);
  expect(callPoll(PROGRAM_END, 0n, 0n)).toBe(0);
});

test("when all is closed every frame is back", () => {
  const before = state();
  const ends = [...pipe(), ...pipe()];
  callWrite(ends[1]!, PROGRAM, 50_000n);
  for (const end of ends) expect(callClose(end)).toBe(OK);
  expect([state(), filesAudit()]).toEqual([before, OK]);
});
