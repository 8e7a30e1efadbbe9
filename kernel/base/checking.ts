/**
 * Is this the checking build (`make run CHECKING=1`, the kernel of the tests)? Then the allocators look for their
 * users' mistakes at every step, and can be told to fail. In the product it is false, and what it guards is not there.
 */
export const CHECKING = false as boolean;
