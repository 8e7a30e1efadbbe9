/*
 * The doors to memory and to string literals, the same wherever the kernel's code runs. Whoever includes this may say
 * with PLACE where the bytes at a virtual address are; on the machine they are at that address.
 */
#pragma once

#define DOOR static inline __attribute__((always_inline))
struct w2c_env; /* the Wasm import module; unused */
#define ENV struct w2c_env *env
/* Keeps the compiler from moving or caching any other memory access across. */
#define CLOBBER "memory"

/* Memory may be read as one width and written as another, at any alignment. */
typedef u8 mem8;
typedef u16 __attribute__((may_alias, aligned(1))) mem16;
typedef u32 __attribute__((may_alias, aligned(1))) mem32;
typedef u64 __attribute__((may_alias, aligned(1))) mem64;

/* The `count` bytes at `va`. */
#ifndef PLACE
#define PLACE(va, count) (va)
#endif

#define BARRIER() __asm__ volatile("" ::: CLOBBER)

/* ---- memory ---- */
DOOR u64 w2c_env_load8(ENV, u64 va) { return *(const mem8 *)PLACE(va, 1); }
DOOR u64 w2c_env_load16(ENV, u64 va) { return *(const mem16 *)PLACE(va, 2); }
DOOR u64 w2c_env_load32(ENV, u64 va) { return *(const mem32 *)PLACE(va, 4); }
DOOR u64 w2c_env_load64(ENV, u64 va) { return *(const mem64 *)PLACE(va, 8); }
DOOR void w2c_env_store8(ENV, u64 va, u64 value) { *(mem8 *)PLACE(va, 1) = (u8)value; }
DOOR void w2c_env_store16(ENV, u64 va, u64 value) { *(mem16 *)PLACE(va, 2) = (u16)value; }
DOOR void w2c_env_store32(ENV, u64 va, u64 value) { *(mem32 *)PLACE(va, 4) = (u32)value; }
DOOR void w2c_env_store64(ENV, u64 va, u64 value) { *(mem64 *)PLACE(va, 8) = value; }

#define VOLATILE_DOORS(bits)                                                       \
  DOOR u64 w2c_env_loadVolatile##bits(ENV, u64 va) {                               \
    BARRIER();                                                                     \
    const u64 value = *(const volatile mem##bits *)PLACE(va, bits / 8);            \
    BARRIER();                                                                     \
    return value;                                                                  \
  }                                                                                \
  DOOR void w2c_env_storeVolatile##bits(ENV, u64 va, u64 value) {                  \
    BARRIER();                                                                     \
    *(volatile mem##bits *)PLACE(va, bits / 8) = (u##bits)value;                   \
    BARRIER();                                                                     \
  }
VOLATILE_DOORS(8)
VOLATILE_DOORS(32)
VOLATILE_DOORS(64)

/* ---- string literals: a length, then the bytes ---- */
DOOR u64 w2c_env_stringLength(ENV, u64 text) { return *(const mem32 *)text; }
DOOR u64 w2c_env_stringByte(ENV, u64 text, u64 index) { return ((const mem8 *)text)[4 + index]; }
