/*
 * The doors to memory and to string literals, the same wherever the kernel's code runs. Whoever includes this may say
 * with PLACE where the bytes at a virtual address are; on the machine they are at that address.
 */
#pragma once

/* To a debugger a door is part of the line that uses it. */
#define DOOR static inline __attribute__((always_inline, nodebug))
struct w2c_env; /* the Wasm import module; unused */
#define ENV struct w2c_env *env
/* Keeps the compiler from moving or caching any other memory access across. */
#define CLOBBER "memory"

/*
 * AT(type, va) is what lies at the virtual address `va`. On the machine it is an element of an array that begins at 0:
 * clang folds its index, base + offset, into the load, as it does not with a number cast to a pointer. The address
 * space, 272, is one of clang's whose accesses are the ordinary instructions and in which 0 is an address too. It has
 * no memset: without -ffreestanding or -fno-builtin, a loop of stores may end the compilation with an error.
 */
#ifdef PLACE
#define NUMBERED
#define AT(type, va) ((type *)PLACE(va, sizeof(type)))
#else
#define NUMBERED __attribute__((address_space(272)))
#define AT(type, va) ((type *)&((mem8 *)0)[va])
#endif

/* Memory may be read as one width and written as another, at any alignment. */
typedef u8 NUMBERED mem8;
typedef u16 __attribute__((may_alias, aligned(1))) NUMBERED mem16;
typedef u32 __attribute__((may_alias, aligned(1))) NUMBERED mem32;
typedef u64 __attribute__((may_alias, aligned(1))) NUMBERED mem64;

#define BARRIER() __asm__ volatile("" ::: CLOBBER)

/* ---- memory ---- */
DOOR u64 w2c_env_load8(ENV, u64 va) { return *AT(const mem8, va); }
DOOR u64 w2c_env_load16(ENV, u64 va) { return *AT(const mem16, va); }
DOOR u64 w2c_env_load32(ENV, u64 va) { return *AT(const mem32, va); }
DOOR u64 w2c_env_load64(ENV, u64 va) { return *AT(const mem64, va); }
DOOR void w2c_env_store8(ENV, u64 va, u64 value) { *AT(mem8, va) = (u8)value; }
DOOR void w2c_env_store16(ENV, u64 va, u64 value) { *AT(mem16, va) = (u16)value; }
DOOR void w2c_env_store32(ENV, u64 va, u64 value) { *AT(mem32, va) = (u32)value; }
DOOR void w2c_env_store64(ENV, u64 va, u64 value) { *AT(mem64, va) = value; }

#define VOLATILE_DOORS(bits)                                                       \
  DOOR u64 w2c_env_loadVolatile##bits(ENV, u64 va) {                               \
    BARRIER();                                                                     \
    const u64 value = *AT(const volatile mem##bits, va);                           \
    BARRIER();                                                                     \
    return value;                                                                  \
  }                                                                                \
  DOOR void w2c_env_storeVolatile##bits(ENV, u64 va, u64 value) {                  \
    BARRIER();                                                                     \
    *AT(volatile mem##bits, va) = (u##bits)value;                                  \
    BARRIER();                                                                     \
  }
VOLATILE_DOORS(8)
VOLATILE_DOORS(32)
VOLATILE_DOORS(64)

/* As a volatile load, but no barrier. */
DOOR u64 w2c_env_loadOnce64(ENV, u64 va) { return *AT(const volatile mem64, va); }

/* ---- string literals, which are C objects: a length, then the bytes ---- */
DOOR u64 w2c_env_stringLength(ENV, u64 text) { return *(const u32 *)text; }
DOOR u64 w2c_env_stringByte(ENV, u64 text, u64 index) { return ((const u8 *)text)[4 + index]; }
