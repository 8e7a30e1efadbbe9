import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { pipesInit } from "../../../kernel/ipc/pipe.ts";
import { DAMAGED, INVALID, NO_FILE, OK, TOO_MANY_FILES } from "../../../kernel/lib/status.ts";
import { framesFree } from "../../../kernel/mm/phys/frames.ts";
import { framesFailAt } from "../../../kernel/mm/phys/freed-pattern.ts";
import {
  descriptorClose, descriptorClosesOnExec, descriptorClosesOnExecSet, descriptorFile, descriptorIsOpen, DESCRIPTORS,
  descriptorSet, descriptorTake, FILE_TABLE, type FileTable, fileTableCopy, fileTableDrop, fileTableExec, fileTableNext,
  fileTableShare, fileTableTake, NO_FILE_TABLE,
} from "../../../kernel/proc/file-table.ts";
import {
  FILE_FLAG, FILE_KIND, fileHold, fileIsReadable, fileIsWritable, fileReferenceAdd, fileRelease, filesInit, filesOut,
  filesTrim, fileTake, NO_OPEN_FILE, OPEN_FILE, type OpenFile,
} from "../../../kernel/proc/files.ts";
import { filesAudit } from "../../../kernel/proc/files-audit.ts";
import { NO_PROCESS, PROCESS, type Process, processesInit, processTake } from "../../../kernel/proc/process.ts";
import { bootPaging } from "../../fake/booted.ts";
import type { Machine } from "../../fake/machine.ts";

vi.mock("../../../kernel/base/checking.ts", () => ({ CHECKING: true }));

let machine: Machine;
beforeEach(() => {
  machine = bootPaging();
  pipesInit();
  filesInit();
  processesInit();
  framesFailAt(0);
});

const console = (flags: number = FILE_FLAG.READ_WRITE): OpenFile => fileTake(FILE_KIND.CONSOLE, flags, 0n);
function processWith(table: FileTable): Process {
  const process = processTake(NO_PROCESS);
  PROCESS.setFiles(process, table);
  return process;
}
function open(table: FileTable): number[] {
  const found: number[] = [];
  for (let at = fileTableNext(table, 0); at >= 0; at = fileTableNext(table, at + 1)) found.push(at);
  return found;
}

describe("descriptors", () => {
  let table: FileTable;
  let file: OpenFile;
  beforeEach(() => {
    table = fileTableTake();
    file = console();
    processWith(table);
  });

  test("the lowest that is free is taken, from the number on that is asked for", () => {
    expect([0, 0, 5, 5, 0].map((from) => descriptorTake(table, from, file, false))).toEqual([0, 1, 5, 6, 2]);
    expect(descriptorClose(table, 1)).toBe(OK);
    expect(descriptorTake(table, 0, file, false)).toBe(1);
    expect(open(table)).toEqual([0, 1, 2, 5, 6]);
    expect(filesAudit()).toBe(OK);
  });

  test("all can be had, and not one more", () => {
    for (let i = 0; i < DESCRIPTORS; i++) expect(descriptorTake(table, 0, file, false)).toBe(i);
    expect(descriptorTake(table, 0, file, false)).toBe(TOO_MANY_FILES);
    expect(descriptorTake(table, DESCRIPTORS - 1, file, false)).toBe(TOO_MANY_FILES);
    expect(OPEN_FILE.references(file)).toBe(DESCRIPTORS + 1);
    expect(descriptorClose(table, DESCRIPTORS - 1)).toBe(OK);
    expect(descriptorTake(table, 3, file, false)).toBe(DESCRIPTORS - 1);
    expect(filesAudit()).toBe(OK);
  });

  test.each([-1, DESCRIPTORS, 2 ** 31, -(2 ** 31)])("%i is no descriptor", (number) => {
    expect(descriptorIsOpen(table, number)).toBe(false);
    expect(descriptorFile(table, number)).toBe(NO_OPEN_FILE);
    expect(descriptorClose(table, number)).toBe(NO_FILE);
    expect(descriptorTake(table, number, file, false)).toBe(INVALID);
    expect(descriptorSet(table, number, file, false)).toBe(NO_FILE);
    expect(OPEN_FILE.references(file)).toBe(1);
  });

  test("a closed one is none, and the file ends with its last reference", () => {
    descriptorTake(table, 0, file, false);
    fileRelease(file);
    expect([filesOut(), descriptorFile(table, 0)]).toEqual([1, file]);
    expect(descriptorClose(table, 0)).toBe(OK);
    expect([filesOut(), descriptorFile(table, 0), descriptorClose(table, 0)]).toEqual([0, NO_OPEN_FILE, NO_FILE]);
  });

  test("one can be set to another file, and to its own", () => {
    const other = console();
    descriptorTake(table, 0, file, true);
    fileRelease(file);
    expect(descriptorSet(table, 0, file, false)).toBe(OK);
    expect([OPEN_FILE.references(file), descriptorClosesOnExec(table, 0)]).toEqual([1, false]);
    expect(descriptorSet(table, 0, other, true)).toBe(OK);
    expect([filesOut(), descriptorFile(table, 0), descriptorClosesOnExec(table, 0)]).toEqual([1, other, true]);
    expect(descriptorSet(table, DESCRIPTORS - 1, other, false)).toBe(OK);
    expect(open(table)).toEqual([0, DESCRIPTORS - 1]);
    expect(filesAudit()).toBe(OK);
  });

  test("execve closes those that are marked, and a number that is taken again is not", () => {
    for (const closes of [false, true, true, false]) descriptorTake(table, 0, file, closes);
    descriptorClosesOnExecSet(table, 3, true);
    descriptorClosesOnExecSet(table, 2, false);
    fileTableExec(table);
    expect(open(table)).toEqual([0, 2]);
    expect(descriptorTake(table, 0, file, false)).toBe(1);
    expect(descriptorClosesOnExec(table, 1)).toBe(false);
    expect(filesAudit()).toBe(OK);
  });

  test("a child has the same files, and closing on one side leaves the other", () => {
    descriptorTake(table, 3, file, true);
    descriptorTake(table, 300, file, false);
    const copy = fileTableCopy(table);
    processWith(copy);
    expect([open(copy), descriptorClosesOnExec(copy, 3), descriptorClosesOnExec(copy, 300)])
      .toEqual([[3, 300], true, false]);
    descriptorClose(table, 3);
    expect(descriptorFile(copy, 3)).toBe(file);
    expect([OPEN_FILE.references(file), filesAudit()]).toEqual([4, OK]);
  });

  test("a table that is shared closes its files with the last who has it", () => {
    descriptorTake(table, 0, file, false);
    fileRelease(file);
    const other = processWith(table);
    fileTableShare(table);
    expect(filesAudit()).toBe(OK);
    PROCESS.setFiles(other, NO_FILE_TABLE);
    fileTableDrop(table);
    expect([filesOut(), filesAudit()]).toEqual([1, OK]);
  });
});

test("when all is closed, every frame is back", () => {
  const before = framesFree();
  const table = fileTableTake();
  const file = console();
  for (let i = 0; i < 100; i++) descriptorTake(table, 0, file, false);
  fileRelease(file);
  const copy = fileTableCopy(table);
  fileTableDrop(table);
  fileTableDrop(copy);
  filesTrim();
  expect([filesOut(), framesFree()]).toEqual([0, before]);
});

test("without a frame there is no table, no copy and no file, and nothing has changed", () => {
  const table = fileTableTake();
  const before = framesFree();
  framesFailAt(1);
  expect(console()).toBe(NO_OPEN_FILE);
  framesFailAt(0);
  const file = console();
  descriptorTake(table, 7, file, false);
  for (const act of [fileTableTake, () => fileTableCopy(table)]) {
    framesFailAt(1);
    expect(act()).toBe(NO_FILE_TABLE);
    framesFailAt(0);
    expect([OPEN_FILE.references(file), framesFree()]).toEqual([2, before - 1]);
  }
});

test("what may be read and written is by how it was opened", () => {
  const may = ([READ, WRITE, BOTH] as const).map((flags) => {
    const file = console(flags | FILE_FLAG.NONBLOCK);
    return [fileIsReadable(file), fileIsWritable(file)];
  });
  expect(may).toEqual([[true, false], [false, true], [true, true]]);
});
const { READ_ONLY: READ, WRITE_ONLY: WRITE, READ_WRITE: BOTH } = FILE_FLAG;

test("whoever holds a file keeps it open", () => {
  const file = console();
  fileHold(file);
  fileRelease(file);
  expect([filesOut(), filesAudit()]).toEqual([1, OK]);
  fileRelease(file);
  expect([filesOut(), filesAudit()]).toEqual([0, OK]);
});

describe("the audit tells", () => {
  test.each<[string, string, (table: FileTable, file: OpenFile) => void]>([
    ["a reference too many", "a file is used by more or fewer", (_, file) => fileReferenceAdd(file)],
    ["a table too many", "a table is had by more or fewer", (table) => fileTableShare(table)],
    ["a reference too few", "a file is used by more or fewer", (_, file) => OPEN_FILE.setReferences(file, 0)],
    ["a table too few", "a table is had by more or fewer", (table) => FILE_TABLE.setReferences(table, 0)],
    ["a file that nobody has", "files were lost or won", () => {
      const lost = console();
      fileReferenceAdd(lost);
      fileRelease(lost);
    }],
  ])("%s", (_, sentence, spoil) => {
    const table = fileTableTake();
    const file = console();
    descriptorTake(table, 0, file, false);
    fileRelease(file);
    processWith(table);
    expect(filesAudit()).toBe(OK);
    machine.serialTake();
    spoil(table, file);
    expect(filesAudit()).toBe(DAMAGED);
    expect(machine.serialTake()).toContain(`proc: audit: ${sentence}`);
  });
});

/** What a process may do to its descriptors, against a Map. */
const steps = fc.array(
  fc.tuple(fc.constantFrom("take", "take", "close", "set", "exec", "mark"), fc.integer({ min: 0, max: 447 }),
    fc.boolean()),
  { maxLength: 200 },
);
test("a table is as a Map would be, whatever is done", () => {
  const file = console();
  fc.assert(fc.property(steps, (all) => {
    const table = fileTableTake();
    const model = new Map<number, boolean>();
    for (const [what, number, closes] of all) {
      if (what === "take") {
        let free = number;
        while (model.has(free)) free++;
        expect(descriptorTake(table, number, file, closes)).toBe(free < DESCRIPTORS ? free : TOO_MANY_FILES);
        if (free < DESCRIPTORS) model.set(free, closes);
      } else if (what === "set") {
        expect(descriptorSet(table, number, file, closes)).toBe(OK);
        model.set(number, closes);
      } else if (what === "exec") {
        fileTableExec(table);
        for (const [at, isClosed] of model) if (isClosed) model.delete(at);
      } else if (what === "mark" && model.has(number)) {
        descriptorClosesOnExecSet(table, number, closes);
        model.set(number, closes);
      } else if (what === "close") {
        expect(descriptorClose(table, number)).toBe(model.delete(number) ? OK : NO_FILE);
      }
    }
    expect(open(table)).toEqual([...model.keys()].sort((a, b) => a - b));
    expect(OPEN_FILE.references(file)).toBe(model.size + 1);
    fileTableDrop(table);
    expect(OPEN_FILE.references(file)).toBe(1);
  }));
});
