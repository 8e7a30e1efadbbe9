/** The exceptions by name, and what their error codes say (Intel SDM vol. 3A, "Exception and Interrupt Reference"). */
"compiler: cold"; // for people to read
import { VECTOR } from "../arch/trap-frame.ts";
import { logEnd, logHex, logNumber, logText } from "../base/log.ts";

/** Bits of a page fault's error code ("Page-Fault Exceptions"). */
export const PAGE_FAULT_ERROR = {
  PROTECTION: 1n, // P: the page is present, the access is not allowed
  WRITE: 2n, // W
  USER: 4n, // U: by code in ring 3
  RESERVED_BIT: 8n, // R: an entry on the way has a bit set that must be zero
  FETCH: 16n, // I: an instruction fetch
  PROTECTION_KEY: 32n, // PK
  SHADOW_STACK: 64n, // SS
} as const;

/** Bits of an error code that names a selector ("Error Code"). */
const SELECTOR_ERROR = {
  EXTERNAL: 1n, // EXT: while an event from outside was being delivered
  IDT: 2n,
  LDT: 4n, // if not IDT; otherwise the GDT
} as const;

/** A control-protection exception's error code, without its bit 15 ("Control Protection Exception (#CP)"). */
const CONTROL_ERROR = {
  CAUSE: 0x7fffn,
  NEAR_RETURN: 1n,
  FAR_RETURN: 2n,
  END_BRANCH: 3n,
  RESTORE_SHADOW_STACK: 4n,
  SET_SHADOW_STACK_BUSY: 5n,
} as const;

/** "#PF page fault"; a number alone for vectors that have no name. */
export function exceptionNameLog(vector: number): void {
  switch (vector) {
    case VECTOR.DIVIDE_ERROR:
      logText("#DE divide error");
      break;
    case VECTOR.DEBUG:
      logText("#DB debug exception");
      break;
    case VECTOR.NMI:
      logText("NMI non-maskable interrupt");
      break;
    case VECTOR.BREAKPOINT:
      logText("#BP breakpoint");
      break;
    case VECTOR.OVERFLOW:
      logText("#OF overflow");
      break;
    case VECTOR.BOUND_RANGE:
      logText("#BR bound range exceeded");
      break;
    case VECTOR.INVALID_OPCODE:
      logText("#UD invalid opcode");
      break;
    case VECTOR.DEVICE_NOT_AVAILABLE:
      logText("#NM device not available");
      break;
    case VECTOR.DOUBLE_FAULT:
      logText("#DF double fault");
      break;
    case VECTOR.COPROCESSOR_OVERRUN:
      logText("coprocessor segment overrun");
      break;
    case VECTOR.INVALID_TSS:
      logText("#TS invalid TSS");
      break;
    case VECTOR.SEGMENT_NOT_PRESENT:
      logText("#NP segment not present");
      break;
    case VECTOR.STACK_FAULT:
      logText("#SS stack-segment fault");
      break;
    case VECTOR.GENERAL_PROTECTION:
      logText("#GP general protection");
      break;
    case VECTOR.PAGE_FAULT:
      logText("#PF page fault");
      break;
    case VECTOR.FLOATING_POINT:
      logText("#MF floating-point error");
      break;
    case VECTOR.ALIGNMENT_CHECK:
      logText("#AC alignment check");
      break;
    case VECTOR.MACHINE_CHECK:
      logText("#MC machine check");
      break;
    case VECTOR.SIMD_FLOATING_POINT:
      logText("#XM SIMD floating-point error");
      break;
    case VECTOR.VIRTUALIZATION:
      logText("#VE virtualization exception");
      break;
    case VECTOR.CONTROL_PROTECTION:
      logText("#CP control protection");
      break;
    case VECTOR.HYPERVISOR_INJECTION:
      logText("#HV hypervisor injection");
      break;
    case VECTOR.VMM_COMMUNICATION:
      logText("#VC VMM communication");
      break;
    case VECTOR.SECURITY:
      logText("#SX security exception");
      break;
    default:
      logNumber("vector ", vector);
  }
}

/** Does the CPU push an error code? boot/traps.asm has the same list. */
export function hasErrorCode(vector: number): boolean {
  switch (vector) {
    case VECTOR.DOUBLE_FAULT:
    case VECTOR.INVALID_TSS:
    case VECTOR.SEGMENT_NOT_PRESENT:
    case VECTOR.STACK_FAULT:
    case VECTOR.GENERAL_PROTECTION:
    case VECTOR.PAGE_FAULT:
    case VECTOR.ALIGNMENT_CHECK:
    case VECTOR.CONTROL_PROTECTION:
    case VECTOR.VMM_COMMUNICATION:
    case VECTOR.SECURITY:
      return true;
    default:
      return false;
  }
}

/** What the error code of `vector` means, in words, to the end of the line. */
export function errorCodeLog(vector: number, error: bigint): void {
  logHex("", error);
  switch (vector) {
    case VECTOR.PAGE_FAULT:
      pageFaultErrorLog(error);
      break;
    case VECTOR.INVALID_TSS:
    case VECTOR.SEGMENT_NOT_PRESENT:
    case VECTOR.STACK_FAULT:
    case VECTOR.GENERAL_PROTECTION:
      selectorErrorLog(error);
      break;
    case VECTOR.CONTROL_PROTECTION:
      controlErrorLog(error & CONTROL_ERROR.CAUSE);
      break;
    default:
  }
  logEnd();
}

/** ` W: a write by the kernel, page not present`: the bits that are set, then what they mean. */
function pageFaultErrorLog(error: bigint): void {
  if (has(error, PAGE_FAULT_ERROR.PROTECTION)) logText(" P");
  if (has(error, PAGE_FAULT_ERROR.WRITE)) logText(" W");
  if (has(error, PAGE_FAULT_ERROR.USER)) logText(" U");
  if (has(error, PAGE_FAULT_ERROR.RESERVED_BIT)) logText(" R");
  if (has(error, PAGE_FAULT_ERROR.FETCH)) logText(" I");
  if (has(error, PAGE_FAULT_ERROR.PROTECTION_KEY)) logText(" PK");
  if (has(error, PAGE_FAULT_ERROR.SHADOW_STACK)) logText(" SS");
  if (has(error, PAGE_FAULT_ERROR.FETCH)) logText(": a fetch by ");
  else if (has(error, PAGE_FAULT_ERROR.WRITE)) logText(": a write by ");
  else logText(": a read by ");
  logText(has(error, PAGE_FAULT_ERROR.USER) ? "a program, " : "the kernel, ");
  if (has(error, PAGE_FAULT_ERROR.RESERVED_BIT)) logText("reserved bit set in an entry");
  else if (has(error, PAGE_FAULT_ERROR.PROTECTION)) logText("page present but protected");
  else logText("page not present");
}

/** `: GDT selector 0x28`, or `: the IDT's gate for vector 13` */
function selectorErrorLog(error: bigint): void {
  if (error === 0n) {
    logText(": no selector");
    return;
  }
  if (has(error, SELECTOR_ERROR.IDT)) {
    logNumber(": the IDT's gate for vector ", Number((error >> 3n) & 0x1fffn));
  } else {
    logText(has(error, SELECTOR_ERROR.LDT) ? ": LDT" : ": GDT");
    logHex(" selector ", error & 0xfff8n);
  }
  if (has(error, SELECTOR_ERROR.EXTERNAL)) logText(", from an external event");
}

/** `: a near return that the shadow stack contradicts` */
function controlErrorLog(cause: bigint): void {
  switch (cause) {
    case CONTROL_ERROR.NEAR_RETURN:
      logText(": a near return that the shadow stack contradicts");
      break;
    case CONTROL_ERROR.FAR_RETURN:
      logText(": a far return or iret that the shadow stack contradicts");
      break;
    case CONTROL_ERROR.END_BRANCH:
      logText(": an indirect branch to where no endbr64 is");
      break;
    case CONTROL_ERROR.RESTORE_SHADOW_STACK:
      logText(": rstorssp found no shadow-stack token");
      break;
    case CONTROL_ERROR.SET_SHADOW_STACK_BUSY:
      logText(": setssbsy found no supervisor token");
      break;
    default:
  }
}

function has(error: bigint, bit: bigint): boolean {
  return (error & bit) !== 0n;
}
