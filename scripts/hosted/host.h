#include <stdbool.h>
#include <stdint.h>
#ifdef __cplusplus
#define _Noreturn [[noreturn]]
extern "C" {
#endif

/*
 * Rooms of the Palimpsest kernel as a library for Linux programs, over memory that the program gives.
 *
 * An address means, to every function here:
 *
 *   0 .. 2^47 - 1            a pointer of the program, as it is: a heap can lie in any array
 *   PAL_DIRECT_MAP + p       byte p of the memory given with pal_memory: where page tables are, and what frames hold
 *   anything else            nothing; touching it ends the program with a message
 *
 * The kernel has one of everything, and so has the library: one frame pool, one heap. It is for one thread.
 *
 * There is a small model of a machine. CPUID tells of a CPU with 1 GiB pages and 46 physical address bits; control
 * registers keep what is written; there is no TLB, so flushing does nothing; the kernel's image takes physical
 * 1 to 3 MiB; no port answers but COM1. What needs more than that is not in the library.
 *
 * Built with AddressSanitizer (make hosted SANITIZE=1), bytes of the heap that are nobody's are poisoned.
 */

/* Physical memory, from physical address 0 on. To be called first; `count` may be 0. */
void pal_memory(void *bytes, uint64_t count);

/*
 * What happens when the kernel panics: `message` and `value` are said to `handler`, which must not return to the
 * library (it may longjmp). Without one, or if it returns: a line on standard error, and abort().
 */
void pal_onPanic(void (*handler)(const char *message, uint64_t value));

/* Where the kernel's log goes, byte by byte, once pal_serialInit() has been called. Without one: standard error. */
void pal_onLog(void (*handler)(char byte));

/* A string of the kernel: PAL_TEXT(name, "heap.size") makes a variable that pal_option(&name.text) takes. */
struct pal_text {
  uint32_t length;
};
#define PAL_TEXT(name, literal)                                                    \
  static const struct {                                                            \
    struct pal_text text;                                                          \
    char bytes[sizeof(literal)];                                                   \
  } name = {{sizeof(literal) - 1}, literal}
