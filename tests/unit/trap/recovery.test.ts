import { beforeEach, expect, test } from "vitest";
import {
  callFailedCode, callTriedAt, fixupsEnd, fixupsStart, physOfImage, rodataStart, textStart,
} from "../../../kernel/arch/image.ts";
import { serialInit } from "../../../kernel/arch/serial.ts";
import { CALL_RETURNED, TRAP_FRAME } from "../../../kernel/arch/trap-frame.ts";
import {
  DEMAND_WINDOW, frameBytes, frameOf, IMAGE_MAP, type Page, pageOf, virtAddr,
} from "../../../kernel/lib/addr.ts";
import { OK } from "../../../kernel/lib/status.ts";
import { kernelRoot } from "../../../kernel/mm/paging/kernel-map.ts";
import { mapPage } from "../../../kernel/mm/paging/map.ts";
import { PTE_NO_EXECUTE, PTE_USER, PTE_WRITABLE } from "../../../kernel/mm/paging/pte.ts";
import { flushNow } from "../../../kernel/mm/paging/flush.ts";
import { unmapPage } from "../../../kernel/mm/paging/unmap.ts";
import { frameTake, framesFree } from "../../../kernel/mm/phys/frames.ts";
import { kernelFrames } from "../../../kernel/mm/phys/owners.ts";
import { onTrap } from "../../../kernel/trap/dispatch.ts";
import { fatalInit } from "../../../kernel/trap/fatal.ts";
import { recoveryTake } from "../../../kernel/trap/recovery.ts";
import {
  Halted, KernelPanic, load64, type Machine, staticBytes, store64, tryCall, tryCallAt, tryCopy, tryCopyUser, tryLoad64,
  tryLoad8, tryStore64, tryStore8,
} from "../../fake/machine.ts";
import { bootedMachine, faultsReachTheKernel } from "./booted.ts";
import { trapFrame } from "./frame.ts";

const PANIC_MARK = 0x70616e6963n;
const NOT_CANONICAL = 0x8000_0000_0000_0000n;
const STACK = 0xffff_ffff_8019_4000n; // of a call that is tried
const word = staticBytes(16);

let machine: Machine;
const UD2 = Uint8Array.of(0x0f, 0x0b);
let code = 0n;
beforeEach(() => {
  machine = bootedMachine();
  serialInit();
  fatalInit(false);
  code = textStart() + 0x40n;
});

/** A table of these pairs and nothing else. Only the linker writes there. */
function fixups(...pairs: (readonly [instruction: bigint, landing: bigint])[]): void {
  const table = physOfImage(fixupsStart());
  for (let at = 0n; at < fixupsEnd() - fixupsStart(); at += 8n) machine.physWrite64(table + at, 0n);
  pairs.forEach(([instruction, landing], i) => {
    machine.physWrite64(table + BigInt(i * 16), instruction);
    machine.physWrite64(table + BigInt(i * 16 + 8), landing);
  });
}
const capacity = Number(fixupsEnd() - fixupsStart()) / 16;

// ---- an access that is tried -------------------------------------------------------------------------------
test("a fault at an instruction of the table goes on at its landing, and nothing else is changed", () => {
  fixups([code + 8n, code + 16n], [code, code + 100n], [code + 24n, code + 32n]);
  for (const [vector, at, landing] of [[14n, code, 100n], [13n, code + 8n, 16n], [3n, code + 24n, 32n]] as const) {
    const frame = trapFrame(machine, { vector, rip: at, rax: 5n, rsp: 0x77n, rflags: 0x4_0046n });
    const before = machine.physGet(0x19_5000n, TRAP_FRAME.SIZE);
    expect(recoveryTake(frame)).toBe(true);
    expect(TRAP_FRAME.rip(frame)).toBe(code + landing);
    TRAP_FRAME.setRip(frame, at);
    expect(machine.physGet(0x19_5000n, TRAP_FRAME.SIZE)).toEqual(before);
  }
});

test("the first and the last pair are found, and an address next to one is not", () => {
  const pairs = Array.from({ length: capacity }, (_, i) => [code + BigInt(i * 8), code + BigInt(0x1000 + i)] as const);
  fixups(...pairs);
  for (const i of [0, 1, capacity - 1]) {
    const frame = trapFrame(machine, { vector: 14n, rip: code + BigInt(i * 8) });
    expect(recoveryTake(frame)).toBe(true);
    expect(TRAP_FRAME.rip(frame)).toBe(code + BigInt(0x1000 + i));
  }
  for (const rip of [code - 8n, code + 1n, code - 1n, code + BigInt(capacity * 8), 2n ** 64n - 1n]) {
    expect(recoveryTake(trapFrame(machine, { vector: 14n, rip }))).toBe(false);
  }
});

test("only a page fault, a general protection or a breakpoint of the kernel's is looked up", () => {
  fixups([code, code + 1n]);
  for (let vector = 0n; vector < 256n; vector++) {
    const taken = recoveryTake(trapFrame(machine, { vector, rip: code }));
    expect(taken).toBe([3n, 13n, 14n].includes(vector));
  }
  expect(recoveryTake(trapFrame(machine, { vector: 14n, rip: code, cs: 0x2bn }))).toBe(false);
});

// ---- a call that is tried ----------------------------------------------------------------------------------
/** As if try_call had called something: the frame of the exception that came then. */
function inCall(registers: Parameters<typeof trapFrame>[1]): bigint {
  store64(callTriedAt(), STACK);
  return trapFrame(machine, { rip: code, rsp: 0x10n, rflags: 0x14_0546n, ...registers });
}

test("a call that is tried ends at its landing, on its own stack, with the vector and none of the code's flags", () => {
  const frame = inCall({ vector: 6n, rax: 1n });
  expect(recoveryTake(frame)).toBe(true);
  expect(TRAP_FRAME.rip(frame)).toBe(callFailedCode());
  expect(TRAP_FRAME.rsp(frame)).toBe(STACK);
  expect(TRAP_FRAME.rax(frame)).toBe(6n);
  expect(TRAP_FRAME.rflags(frame)).toBe(2n);
});

test("it survives every exception but NMI, double fault and machine check, and no interrupt", () => {
  for (let vector = 0n; vector < 256n; vector++) {
    const survives = vector < 32n && ![2n, 8n, 18n].includes(vector);
    expect(recoveryTake(inCall({ vector })), `vector ${vector}`).toBe(survives);
  }
});

test("it does not survive a panic", () => {
  expect(recoveryTake(inCall({ vector: 6n, rax: PANIC_MARK }))).toBe(true); // a stray ud2 elsewhere is none
  machine.physPut(code - IMAGE_MAP, UD2);
  expect(recoveryTake(inCall({ vector: 6n, rax: PANIC_MARK }))).toBe(false);
  expect(recoveryTake(inCall({ vector: 13n, rax: PANIC_MARK }))).toBe(true);
});

test("an access that is tried within it fails by itself", () => {
  fixups([code, code + 4n]);
  const frame = inCall({ vector: 14n });
  expect(recoveryTake(frame)).toBe(true);
  expect(TRAP_FRAME.rip(frame)).toBe(code + 4n);
  expect(TRAP_FRAME.rsp(frame)).toBe(0x10n);
});

test("after what cannot be survived no fault in the report goes back to the call", () => {
  machine.physPut(code - IMAGE_MAP, UD2);
  expect(() => onTrap(inCall({ vector: 6n, rax: PANIC_MARK }))).toThrow(Halted);
  const frame = trapFrame(machine, { vector: 14n, rip: code });
  expect(() => onTrap(frame)).toThrow(Halted);
  expect(TRAP_FRAME.rip(frame)).toBe(code);
  expect(load64(callTriedAt())).toBe(0n);
});

test("an interrupt's handler is no part of the call: a fault in it is the end", () => {
  const inHandler: boolean[] = [];
  machine.portPlug(0x20, 1, { // the interrupt controller, told that the handler is done
    read: () => 0,
    write: () => inHandler.push(recoveryTake(trapFrame(machine, { vector: 14n, rip: code }, 0x19_5800n))),
  });
  onTrap(inCall({ vector: 32n }));
  expect(inHandler).toEqual([false]);
  expect(recoveryTake(trapFrame(machine, { vector: 14n, rip: code }))).toBe(true);
});

test("a fault of the search itself is not searched for", () => {
  fixups([code, code + 1n]);
  const page = pageOf(fixupsStart());
  const inner: boolean[] = [];
  machine.faultHandler(() => {
    inner.push(recoveryTake(trapFrame(machine, { vector: 14n, rip: code }, 0x19_5800n)));
    return mapPage(kernelRoot(), page, frameOf(physOfImage(page)), PTE_NO_EXECUTE) === OK;
  });
  expect(flushNow(unmapPage(kernelRoot(), page))).toBe(OK);
  expect(recoveryTake(trapFrame(machine, { vector: 14n, rip: code }))).toBe(true);
  expect(inner).toEqual([false]);
});

// ---- the doors, with the kernel's own handler underneath ---------------------------------------------------
test("each door says whether it worked, with the kernel answering the faults", () => {
  faultsReachTheKernel(machine);
  store64(word, 0x1122_3344_5566_7788n);
  expect([tryLoad8(word), tryLoad8(0n), tryLoad8(NOT_CANONICAL)]).toEqual([0x88, -1, -1]);
  expect(tryLoad64(word, word + 8n)).toBe(true);
  expect(tryLoad64(0x10n, word + 8n)).toBe(false);
  expect(load64(word + 8n)).toBe(0x1122_3344_5566_7788n);
  expect(tryStore64(word, 1n) && tryStore8(word + 1n, 2)).toBe(true);
  expect(load64(word)).toBe(0x201n);
  expect(tryStore8(textStart(), 0) || tryStore64(rodataStart(), 0n)).toBe(false);
  expect(machine.serialTake()).toBe("");
});

test("a copy goes as far as it can, from either side", () => {
  faultsReachTheKernel(machine);
  const guard = 0xffff_ffff_8019_6000n; // of the second stack
  expect(tryCopy(word, guard - 8n, 16)).toBe(8);
  expect(tryCopy(guard - 3n, word, 16)).toBe(3);
  expect(tryCopy(word, word + 8n, 8)).toBe(8);
  expect(tryCopy(0n, word, 8)).toBe(0);
});

test("a tried access to the demand-paged window is repaired like any, and fails when no frame is left", () => {
  faultsReachTheKernel(machine);
  const free = framesFree();
  expect(tryLoad8(DEMAND_WINDOW)).toBe(0);
  expect(framesFree()).toBeLessThan(free);
  while (frameTake(kernelFrames()) >= 0);
  expect(tryLoad8(DEMAND_WINDOW + 0x20_0000n)).toBe(-1);
  expect(tryStore8(DEMAND_WINDOW + 0x20_0000n, 1)).toBe(false);
  expect(machine.serialTake()).toBe(""); // who tries does not want to hear of it
});

test("a fault that nobody tried is still the end", () => {
  faultsReachTheKernel(machine);
  expect(() => load64(0n)).toThrow(Halted);
});

test("tryCall comes back with what ended the call", () => {
  faultsReachTheKernel(machine);
  expect(tryCall(() => {})).toBe(CALL_RETURNED);
  expect(tryCall(() => void load64(0n))).toBe(14);
  expect(tryCallAt(word)).toBe(14); // data
  expect(tryCallAt(NOT_CANONICAL)).toBe(13);
  expect(() => tryCall(() => { throw new KernelPanic("no", 0n); })).toThrow(KernelPanic);
  expect(() => load64(0n)).toThrow(Halted); // no call is being tried any more
});

function userPage(): Page {
  const page = pageOf(virtAddr(0x100_0000_0000n));
  const frame = frameTake(kernelFrames());
  store64(frameBytes(frame), 0x55aan);
  expect(mapPage(kernelRoot(), page, frame, PTE_USER | PTE_WRITABLE | PTE_NO_EXECUTE)).toBe(OK);
  return page;
}

test("SMAP keeps a program's page from every door but tryCopyUser, which closes behind itself", () => {
  const page = userPage();
  expect(tryLoad8(page)).toBe(-1);
  expect(tryCopy(word, page, 8)).toBe(0);
  expect(tryCopyUser(word, page, 8)).toBe(8);
  expect(load64(word)).toBe(0x55aan);
  expect(tryCopyUser(word, page + 0xff8n, 16)).toBe(8);
  expect(tryLoad8(page)).toBe(-1);
});
