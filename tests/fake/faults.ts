/** What the fake machine throws where the real one would trap, reset or stop. */

export type Access = "read" | "write" | "fetch";

/** Error-code bits (Intel SDM vol. 3A, "Page-Fault Exceptions"). */
export const FAULT_P = 1;
export const FAULT_W = 2;
export const FAULT_U = 4;
export const FAULT_RSVD = 8;
export const FAULT_I = 16;

/** #PF: the MMU refused. `error` is the code that the CPU would push; CR2 is `va`. */
export class PageFault extends Error {
  override name = "PageFault";
  constructor(
    readonly va: bigint,
    readonly access: Access,
    readonly error: number,
  ) {
    super(`page fault: ${access} at 0x${va.toString(16)}, error code ${error}`);
  }
}

/** #GP: an address that is not canonical, a reserved control-register bit, or the like. */
export class GeneralProtection extends Error {
  override name = "GeneralProtection";
}

/** A physical access where the test has no RAM: on a real machine nothing good answers there. */
export class BusError extends Error {
  override name = "BusError";
  constructor(readonly pa: number) {
    super(`nothing answers at physical 0x${pa.toString(16)}`);
  }
}

/** A load or store met bytes that `poison` had closed: an overrun, or memory used after it was given back. */
export class PoisonedAccess extends Error {
  override name = "PoisonedAccess";
  constructor(
    readonly va: bigint,
    readonly count: number,
  ) {
    super(`an access to poisoned bytes: ${count} at 0x${va.toString(16)}`);
  }
}

/** The kernel panicked: `message` and `value` are panic()'s. */
export class KernelPanic extends Error {
  override name = "KernelPanic";
  constructor(
    message: string,
    readonly value: bigint,
  ) {
    super(message);
  }
}

/** The kernel wrote to isa-debug-exit; QEMU would end with status `value << 1 | 1`. */
export class DebugExit extends Error {
  override name = "DebugExit";
  constructor(readonly value: number) {
    super(`debug exit ${value}`);
  }
}

/** The kernel executed `hlt`, and no test offered an interrupt. */
export class Halted extends Error {
  override name = "Halted";
}
