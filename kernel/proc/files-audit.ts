/** Do descriptors and open files agree? For tests and for the console. */
"compiler: cold";
import { logEnd, logHex, logText } from "../base/log.ts";
import { PIPE, pipeAt, pipeIsSound, pipesSlab } from "../ipc/pipe.ts";
import { DAMAGED, OK, type Status } from "../lib/status.ts";
import { slabAudit } from "../mm/slab/slab-audit.ts";
import {
  descriptorFile, FILE_TABLE, fileTableNext, type FileTable, NO_DESCRIPTOR, NO_FILE_TABLE,
} from "./file-table.ts";
import {
  FILE_KIND, fileIsWritable, filesHeld, filesOut, filesSlab, OPEN_FILE, type OpenFile,
} from "./files.ts";
import { NO_PROCESS, PROCESS, processFirst } from "./process.ts";

let damage: Status = OK;

/**
 * OK, or DAMAGED with a line: every table counts the processes that have it, every open file its descriptors and
 * holders, a pipe has frames where it has bytes, and no file is out that nobody has. Cost: processes times processes,
 * and every descriptor.
 */
export function filesAudit(): Status {
  damage = slabAudit(filesSlab());
  if (slabAudit(pipesSlab()) !== OK) damage = DAMAGED;
  countsClear();
  const found = countsMake();
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) {
    const table = PROCESS.files(process);
    if (table === NO_FILE_TABLE) continue;
    if (processesWith(table) !== FILE_TABLE.references(table)) damaged("a table is had by more or fewer", table);
    for (let at = fileTableNext(table, 0); at !== NO_DESCRIPTOR; at = fileTableNext(table, at + 1)) {
      const file = descriptorFile(table, at);
      if (OPEN_FILE.counted(file) + Number(OPEN_FILE.holders(file)) !== OPEN_FILE.references(file)) {
        damaged("a file is used by more or fewer", file);
      }
      if (OPEN_FILE.kind(file) === FILE_KIND.PIPE && !isSoundEnd(file)) damaged("a pipe is broken", file);
    }
  }
  if (found > filesOut() || filesOut() - found > filesHeld()) damaged("files were lost or won", BigInt(filesOut()));
  return damage;
}

function countsClear(): void {
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) {
    const table = PROCESS.files(process);
    if (table === NO_FILE_TABLE) continue;
    for (let at = fileTableNext(table, 0); at !== NO_DESCRIPTOR; at = fileTableNext(table, at + 1)) {
      OPEN_FILE.setCounted(descriptorFile(table, at), 0);
    }
  }
}

/** Counts each descriptor at its file, of each table once; how many files there are. */
function countsMake(): number {
  let found = 0;
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) {
    const table = PROCESS.files(process);
    if (table === NO_FILE_TABLE || isEarlier(table, process)) continue;
    for (let at = fileTableNext(table, 0); at !== NO_DESCRIPTOR; at = fileTableNext(table, at + 1)) {
      const file = descriptorFile(table, at);
      if (OPEN_FILE.counted(file) === 0) found++;
      OPEN_FILE.setCounted(file, OPEN_FILE.counted(file) + 1);
    }
  }
  return found;
}

function processesWith(table: FileTable): number {
  let count = 0;
  for (let process = processFirst(); process !== NO_PROCESS; process = PROCESS.next(process)) {
    if (PROCESS.files(process) === table) count++;
  }
  return count;
}

/** Has a process before `process` in the list the same table? */
function isEarlier(table: FileTable, process: bigint): boolean {
  for (let at = processFirst(); at !== process; at = PROCESS.next(at)) {
    if (PROCESS.files(at) === table) return true;
  }
  return false;
}

/** Each end of a pipe is one open file. */
function isSoundEnd(file: OpenFile): boolean {
  const pipe = pipeAt(OPEN_FILE.object(file));
  return pipeIsSound(pipe) && (fileIsWritable(file) ? PIPE.writers(pipe) : PIPE.readers(pipe)) === 1;
}

function damaged(what: string, at: bigint): void {
  damage = DAMAGED;
  logText("proc: audit: ");
  logText(what);
  logHex(": ", at);
  logEnd();
}
