/**
 * The flushes that are owed. An operation that takes a translation away or changes it does not flush: it writes its
 * debt down here and answers with an Owed, which the compiler lets nobody drop. flushNow pays at once; flushLater adds
 * to a batch, which flushPay pays, and until then no frame that was mapped may be given to anybody else.
 *
 * Tables that were taken out of use are part of the debt: the CPU may still know the way through them, so they become
 * free frames when it is paid, not before; that is a debt also where no page of theirs was present.
 *
 * What is not the CPU's business costs nothing: it does not keep entries that were not present, and of a space that is
 * not the current one it keeps none (the switch dropped them; this kernel uses no PCIDs). The kernel's half is
 * everybody's, and global: its debts are always owed.
 */
import { flushAll, flushPage, flushSpace } from "../../arch/tlb.ts";
import { readCr3, staticBytes } from "../../doors/machine.ts";
import {
  type Frame, frameAddr, KERNEL_HALF, NO_FRAME, NOWHERE, type Page, PAGE_SIZE, virtAddr,
} from "../../lib/addr.ts";
import { layout, u32, u64 } from "../../lib/layout.ts";
import { type Owed, type Status, statusOf } from "../../lib/status.ts";
import { frameNext, frameNextSet } from "../phys/frame-table.ts";
import { frameGive } from "../phys/frames.ts";
import { levelSpan, PTE_GLOBAL } from "./pte.ts";

/**
 * Beyond so many pages, everything that is not global is dropped instead (or everything, if a global one is among
 * them): then looking up again what is in use costs less than one invlpg a page. README.md has the figures.
 */
export const FLUSH_PAGES_MOST = 32;

/*
 *   DEBT, 16 bytes: pages of one size, one after the other
 *   +0   | page                          |
 *   +8   | count         | level         |
 */
const DEBT = layout(16, { page: u64, count: u32, level: u32 });
const DEBT_LIMIT = 16;
const debts = staticBytes(DEBT_LIMIT * DEBT.SIZE, 8);

let debtCount = 0;
let pagesOwed = 0;
let isTooMuch = false; // to be paid page by page
let isGlobal = false; // something of it is
let deadTables: Frame = NO_FRAME; // linked through their records

/**
 * `count` entries of `level` from that for `page` on are no longer as the CPU may know them; `flags` are the old ones.
 */
export function flushOwe(root: Frame, page: Page, count: number, level: number, flags: bigint): void {
  if ((flags & PTE_GLOBAL) !== 0n) isGlobal = true;
  else if (page < KERNEL_HALF && !isCurrent(root)) return;
  pagesOwed += count;
  if (debtCount === DEBT_LIMIT || pagesOwed > FLUSH_PAGES_MOST) {
    isTooMuch = true;
    return;
  }
  const debt = debtAt(debtCount);
  DEBT.setPage(debt, page);
  DEBT.setCount(debt, count);
  DEBT.setLevel(debt, level);
  debtCount++;
}

/** Nothing in memory leads to the table any more; it is given back when the debt is paid. */
export function flushOweTable(table: Frame): void {
  frameNextSet(table, deadTables);
  deadTables = table;
}

/** Pays the whole debt; the status behind the promise. */
export function flushNow(owed: Owed): Status {
  flushPay();
  return statusOf(owed);
}
/** The same without paying: the caller is in a batch and calls flushPay at its end. */
export function flushLater(owed: Owed): Status {
  return statusOf(owed);
}
/** Pays everything that is owed: page by page, or, beyond FLUSH_PAGES_MOST, all at once. */
export function flushPay(): void {
  if (isTooMuch) payAtOnce();
  else for (let i = 0; i < debtCount; i++) debtPay(debtAt(i));
  if (deadTables !== NO_FRAME) deadTablesGive();
  debtCount = 0;
  pagesOwed = 0;
  isGlobal = false;
}

/** Is anything owed? Not between operations: an audit asks. */
export function flushIsOwed(): boolean {
  return pagesOwed > 0 || deadTables !== NO_FRAME;
}

function payAtOnce(): void {
  if (isGlobal) flushAll();
  else flushSpace();
  isTooMuch = false;
}
function debtPay(debt: bigint): void {
  const first = DEBT.page(debt);
  flushPage(virtAddr(first));
  const count = DEBT.count(debt);
  if (count === 1) return;
  const step = levelSpan(DEBT.level(debt));
  for (let i = 1; i < count; i++) flushPage(virtAddr(first + BigInt(i) * step));
}

function deadTablesGive(): void {
  // No page was present, and yet a walk may have come through them: with any page's flush all upper entries go.
  if (pagesOwed === 0) flushPage(NOWHERE);
  while (deadTables !== NO_FRAME) {
    const table = deadTables;
    deadTables = frameNext(table);
    frameGive(table);
  }
}

function isCurrent(root: Frame): boolean {
  return (readCr3() & ~(PAGE_SIZE - 1n)) === frameAddr(root);
}
function debtAt(index: number): bigint {
  return debts + BigInt(index * DEBT.SIZE);
}
