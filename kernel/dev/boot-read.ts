/** Fills the boot information once, at the start: from whichever loader called us, then from QEMU's options. */
"compiler: cold"; // runs once
import { logAscii, logEnd, logHex, logNumber, logText } from "../base/log.ts";
import { BOOT_REACH, physAddr } from "../lib/addr.ts";
import { type Status, INVALID, OK } from "../lib/status.ts";
import {
  bootInfoClear,
  bootInfoReport,
  commandLine,
  commandLineLength,
  moduleCount,
  rangeCount,
} from "./boot-info.ts";
import { multibootRead } from "./boot-multiboot.ts";
import { optionsCheck } from "./boot-options.ts";
import { pvhRead } from "./boot-pvh.ts";
import { fwCfgFirstLine, fwCfgOptions } from "./fw-cfg.ts";

/** What a multiboot2 loader leaves in EAX (Multiboot2 Specification 2.0, "I386 machine state"). */
export const MULTIBOOT2_MAGIC = 0x36d7_6289;
/** "PVH!": what boot/entry.asm passes on when it was entered by its PVH note. */
export const PVH_MAGIC = 0x5056_4821;

const OPTIONS_COLUMNS = 64;

/**
 * Reads what the loader left at physical address `info`. On failure one line has said why and the record is empty:
 * INVALID for a loader that we do not know, and for information that cannot be trusted.
 * Must run while the boot page tables are live.
 */
export function bootInfoRead(magic: number, info: number): Status {
  bootInfoClear();
  const status = loaderRead(magic, info);
  if (status !== OK) {
    bootInfoClear();
    return status;
  }
  fwCfgOptions();
  fwCfgFirstLine();
  bootInfoReport();
  logText("dev: boot information");
  logNumber(" ranges=", rangeCount());
  logNumber(" modules=", moduleCount());
  logEnd();
  optionsLog();
  optionsCheck();
  return OK;
}

/** The command line, as it is, in rows that fit the screen; nothing if there is none. */
function optionsLog(): void {
  for (let at = 0; at < commandLineLength(); at += OPTIONS_COLUMNS) {
    logText("dev: options ");
    logAscii(commandLine() + BigInt(at), Math.min(OPTIONS_COLUMNS, commandLineLength() - at));
    logEnd();
  }
}

function loaderRead(magic: number, info: number): Status {
  const known = magic === MULTIBOOT2_MAGIC || magic === PVH_MAGIC;
  if (!known || info < 0 || BigInt(info) >= BOOT_REACH) {
    logText("dev: started by an unknown loader");
    logHex(" magic=", BigInt.asUintN(64, BigInt(magic)));
    logHex(" info=", BigInt.asUintN(64, BigInt(info)));
    logEnd();
    return INVALID;
  }
  const at = physAddr(BigInt(info));
  return magic === PVH_MAGIC ? pvhRead(at) : multibootRead(at);
}
