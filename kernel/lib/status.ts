/** How an operation ended: OK, or the negative error number that Linux uses for the same cause. */
export type Status = number & { readonly __brand: "Status" };

export const OK = 0 as Status;
/** ENOMEM: no frame, or no room in the range asked for. */
export const NO_MEMORY = -12 as Status;
/** EFAULT: an address that is not canonical, or not the caller's to use. */
export const BAD_ADDRESS = -14 as Status;
/** EBUSY: it is in use. */
export const BUSY = -16 as Status;
/** EEXIST: something is mapped there already. */
export const ALREADY_MAPPED = -17 as Status;
/** EINVAL: a size, alignment or flag that makes no sense. */
export const INVALID = -22 as Status;
/** ENXIO: nothing is mapped there. */
export const NOT_MAPPED = -6 as Status;
/** EUCLEAN: a structure in memory contradicts itself. */
export const DAMAGED = -117 as Status;
