/**
 * How an operation ended: OK, or a negative number whose last two digits, so to speak, are Linux's error number for the
 * cause, and whose rest tells causes apart that share one: -(256 * which + errno).
 */
export type Status = number & { readonly __brand: "Status" };

export const OK = 0 as Status;
/** ENOENT: there is none of that name. */
export const NOT_FOUND = -2 as Status;
/** ESRCH: there is no such process. */
export const NO_SUCH_PROCESS = -3 as Status;
/** EPERM: that is not for this process to do. */
export const NOT_PERMITTED = -1 as Status;
/** E2BIG: more strings than there is room for. */
export const TOO_LONG = -7 as Status;
/** EINTR: a signal came before anything else. */
export const INTERRUPTED = -4 as Status;
/** ENOEXEC: a file that is no program for this kernel. */
export const NO_PROGRAM = -8 as Status;
/** EBADF: no file is open under this number. */
export const NO_FILE = -9 as Status;
/** ECHILD: there is no child to wait for. */
export const NO_CHILD = -10 as Status;
/** ENOTDIR: a path begins in what is no folder. */
export const NOT_A_FOLDER = -20 as Status;
/** EMFILE: the process has as many files open as it may. */
export const TOO_MANY_FILES = -24 as Status;
/** EAGAIN: it would have to wait. */
export const WOULD_BLOCK = -11 as Status;
/** ENOTTY: no terminal, or nothing that this one does. */
export const NO_TERMINAL = -25 as Status;
/** ESPIPE: it has no position. */
export const NO_POSITION = -29 as Status;
/** EROFS: nothing can be made or changed there. */
export const READ_ONLY_FILES = -30 as Status;
/** ERANGE: the answer does not fit. */
export const NO_ROOM = -34 as Status;
/** EPIPE: nobody reads it any more. */
export const BROKEN_PIPE = -32 as Status;
/** ENAMETOOLONG: a path longer than 4095 bytes. */
export const NAME_TOO_LONG = -36 as Status;
/** ENOSYS: this kernel has no such system call. */
export const NO_SYSTEM_CALL = -38 as Status;
/** ENXIO: nothing is mapped there. */
export const NOT_MAPPED = -6 as Status;
/** ENOMEM: no frame, or no room in the range asked for. */
export const NO_MEMORY = -12 as Status;
/** EACCES: it is there, and not to be used like this. */
export const ACCESS_DENIED = -13 as Status;
/** EFAULT: an address that is not the caller's to use. */
export const BAD_ADDRESS = -14 as Status;
/** EACCES: that is not open for writing, or not for reading. */
export const PERMISSION_DENIED = -13 as Status;
/** ENODEV: a file that cannot be mapped. */
export const NOT_MAPPABLE = -19 as Status;
/** EFBIG: larger than any file may be. */
export const FILE_TOO_LARGE = -27 as Status;
/** ENOSPC: there are as many as there can be. */
export const NO_SPACE_LEFT = -28 as Status;
/** EOVERFLOW: beyond all that can be counted. */
export const TOO_FAR = -75 as Status;
/** EOPNOTSUPP: a flag that is not here. */
export const NOT_SUPPORTED = -95 as Status;
/** EFAULT: bits 47 to 63 are not equal. */
export const NOT_CANONICAL = -270 as Status;
/** EFAULT: the range begins in one half of the address space and does not end there. */
export const WRAPS = -526 as Status;
/** EACCES: a page would be writable and executable. */
export const WRITABLE_CODE = -269 as Status;
/** EBUSY: it is in use. */
export const BUSY = -16 as Status;
/** EEXIST: something is mapped there already. */
export const ALREADY_MAPPED = -17 as Status;
/** EEXIST: there is one of that name. */
export const EXISTS_ALREADY = -529 as Status;
/** EEXIST: a region is there already. */
export const OVERLAPS = -273 as Status;
/** ENXIO: part of the range is in no region. */
export const NO_REGION_THERE = -262 as Status;
/** EINVAL: a size, alignment or flag that makes no sense. */
export const INVALID = -22 as Status;
/** EINVAL: an address or frame that is no multiple of the page size. */
export const MISALIGNED = -278 as Status;
/** EINVAL: no page at all, or less. */
export const EMPTY_RANGE = -534 as Status;
/** EINVAL: a flag that does not exist, or is not the caller's to set. */
export const UNKNOWN_FLAG = -790 as Status;
/** EINVAL: a page for the user where the kernel's are, or the reverse. */
export const WRONG_HALF = -1302 as Status;
/** EINVAL: no frame has this number. */
export const NO_SUCH_FRAME = -1558 as Status;
/** EINVAL: these pages do not make up a larger one. */
export const NOT_JOINABLE = -1814 as Status;
/** ETIMEDOUT: the time that was given has passed. */
export const TIMED_OUT = -110 as Status;
/** EUCLEAN: a structure in memory contradicts itself. */
export const DAMAGED = -117 as Status;

/** Of a function that answers something of 0 or above, or a status: the status, or OK. */
export function statusIn(answer: number): Status {
  return (answer < 0 ? answer : OK) as Status;
}

/** Linux's error number, above 0, for a status other than OK. */
export function statusErrno(status: Status): number {
  return -status & 0xff;
}

/**
 * A status, and a promise that the caller keeps for the one who answers it: of mm/paging, to flush
 * (mm/paging/flush.ts). The compiler lets nobody drop it: a call that answers one is no statement of its own.
 */
export type Owed = number & { readonly __brand: "Owed"; readonly __mustUse: true };

export function owed(status: Status): Owed {
  return (status as number) as Owed;
}
/** For who keeps the promise. */
export function statusOf(owed: Owed): Status {
  return (owed as number) as Status;
}
