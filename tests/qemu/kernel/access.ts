/**
 * Who may do what with a page, by the manual alone (Intel SDM vol. 3A, "Determination of Access Rights"). It shares no
 * constant with the kernel. The CPU is compared with it on the machine, the fake machine's MMU in Node.
 */

export const ACCESS = { READ: 0, WRITE: 1, FETCH: 2 } as const;

/** What the CPU is told: CR0.WP, CR4.SMEP, CR4.SMAP, RFLAGS.AC; and RING3, that it executes a program. */
export const MODE = { WP: 1, SMEP: 2, SMAP: 4, AC: 8, RING3: 16 } as const;

const WRITABLE = 2n;
const USER = 4n;
const NO_EXECUTE = 1n << 63n;

/** May it be done with a page that is present, on which all levels together have these bits of W, U and NX? */
export function isAllowed(rights: bigint, access: number, mode: number): boolean {
  const writable = (rights & WRITABLE) !== 0n;
  const users = (rights & USER) !== 0n;
  if (access === ACCESS.FETCH && (rights & NO_EXECUTE) !== 0n) return false;
  if ((mode & MODE.RING3) !== 0) return users && (writable || access !== ACCESS.WRITE);

  if (access === ACCESS.FETCH) return !users || (mode & MODE.SMEP) === 0;
  if (users && (mode & MODE.SMAP) !== 0 && (mode & MODE.AC) === 0) return false;
  return access === ACCESS.READ || writable || (mode & MODE.WP) === 0;
}
