/*
 * The doors for the hosted library: memory is the caller's, the machine a small model (host.h says which). What needs
 * the C library is in host.c.
 */
#pragma once
#include "palimpsest.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
void __asan_poison_memory_region(const volatile void *, size_t);
void __asan_unpoison_memory_region(const volatile void *, size_t);
#endif
#endif

extern u8 *pal_hostBytes;
extern u64 pal_hostCount;
_Noreturn void pal_hostOutside(u64 va, u64 count) __attribute__((cold));
_Noreturn void pal_hostLacks(const char *door) __attribute__((cold));
_Noreturn void pal_hostPanic(const char *message, u64 value) __attribute__((cold));
u64 pal_hostIn(u64 port);
void pal_hostOut(u64 port, u64 value);

/* The program's own pointers are in the lower half; of the upper half only the direct map exists. */
static inline u64 hosted_place(u64 va, u64 count) {
  if (LIKELY(va >> 47 == 0)) return va;
  const u64 pa = va - PAL_DIRECT_MAP;
  if (UNLIKELY(pa > pal_hostCount || count > pal_hostCount - pa)) pal_hostOutside(va, count);
  return (u64)(pal_hostBytes + pa);
}
#define PLACE(va, count) hosted_place(va, count)
#include "../../boot/doors-memory.h"

/* ---- memory in bulk: where sanitizers see it ---- */
DOOR void w2c_env_fillWords(ENV, u64 va, u64 word, u64 count) {
  if (count > ~0ull / 8) pal_hostOutside(va, count);
  mem64 *const at = (mem64 *)PLACE(va, count * 8);
  for (u64 i = 0; i < count; i++) at[i] = word;
}
DOOR void w2c_env_copyBytes(ENV, u64 to, u64 from, u64 count) {
  __builtin_memmove((void *)PLACE(to, count), (const void *)PLACE(from, count), count);
}

/* ---- memory that may not be there: outside the memory given. The program's own pointers are its own affair ---- */
static inline u64 hosted_reach(u64 va) {
  if (va >> 47 == 0) return (1ull << 47) - va;
  const u64 pa = va - PAL_DIRECT_MAP;
  return pa < pal_hostCount ? pal_hostCount - pa : 0;
}
DOOR u64 w2c_env_tryLoad8(ENV, u64 va) { return hosted_reach(va) < 1 ? -1ull : w2c_env_load8(env, va); }
DOOR u64 w2c_env_tryLoad64(ENV, u64 va, u64 to) {
  if (hosted_reach(va) < 8) return 0;
  w2c_env_store64(env, to, w2c_env_load64(env, va));
  return 1;
}
#define TRY_STORE(bits)                                                            \
  DOOR u64 w2c_env_tryStore##bits(ENV, u64 va, u64 value) {                        \
    if (hosted_reach(va) < bits / 8) return 0;                                     \
    w2c_env_store##bits(env, va, value);                                           \
    return 1;                                                                      \
  }
TRY_STORE(8)
TRY_STORE(64)
DOOR u64 w2c_env_tryCopy(ENV, u64 to, u64 from, u64 count) {
  if (count > hosted_reach(to)) count = hosted_reach(to);
  if (count > hosted_reach(from)) count = hosted_reach(from);
  w2c_env_copyBytes(env, to, from, count);
  return count;
}

DOOR void w2c_env_poison(ENV, u64 va, u64 count) {
#ifdef WATCHED
  __asan_poison_memory_region((void *)PLACE(va, count), count);
#endif
}
DOOR void w2c_env_unpoison(ENV, u64 va, u64 count) {
#ifdef WATCHED
  __asan_unpoison_memory_region((void *)PLACE(va, count), count);
#endif
}

/* ---- ports ---- */
#define PORT_DOORS(suffix)                                                         \
  DOOR u64 w2c_env_in##suffix(ENV, u64 port) { return pal_hostIn(port); }          \
  DOOR void w2c_env_out##suffix(ENV, u64 port, u64 value) { pal_hostOut(port, value); }
PORT_DOORS(b)
PORT_DOORS(w)
PORT_DOORS(l)

/* ---- CPU: registers keep what is written, and nothing comes of it ---- */
#define REGISTER(name, Name, initial)                                              \
  static u64 hosted_##name = initial;                                              \
  DOOR u64 w2c_env_read##Name(ENV) { return hosted_##name; }                       \
  DOOR void w2c_env_write##Name(ENV, u64 value) { hosted_##name = value; }
REGISTER(cr0, Cr0, 0x80010001)
REGISTER(cr3, Cr3, 0)
REGISTER(cr4, Cr4, 0x20)
REGISTER(dr6, Dr6, 0xffff0ff0)
DOOR u64 w2c_env_readCr2(ENV) { return 0; }
DOOR void w2c_env_invalidatePage(ENV, u64 va) { BARRIER(); }
DOOR void w2c_env_pause(ENV) { BARRIER(); }
DOOR void w2c_env_interruptsOn(ENV) { BARRIER(); }
DOOR void w2c_env_interruptsOff(ENV) { BARRIER(); }
DOOR u64 w2c_env_rdtsc(ENV) { return __builtin_ia32_rdtsc(); }

/* NX, global and 1 GiB pages, 46 physical address bits; no hypervisor (Intel SDM vol. 2A, "CPUID"). */
DOOR u64 w2c_env_cpuid(ENV, u64 leaf, u64 subleaf, u64 which) {
  const u32 named = (u32)leaf;
  if (which == 0) return named == 0 ? 7 : named == 0x80000000u ? 0x80000008u : named == 0x80000008u ? 0x302e : 0;
  if (which == 3) return named == 1 ? 1u << 13 : named == 0x80000001u ? 1u << 20 | 1u << 26 | 1u << 29 : 0;
  return 0;
}

DOOR void w2c_env_panicTrap(ENV, u64 message, u64 value) {
  pal_hostPanic((const char *)message + sizeof(struct pal_text), value);
}
DOOR u64 w2c_env_framePointer(ENV) { return (u64)__builtin_frame_address(0); }

/* ---- what a program cannot have ---- */
#define LACKING(name, ...)                                                         \
  DOOR void w2c_env_##name(ENV, ##__VA_ARGS__) { pal_hostLacks(#name); }
LACKING(halt)
LACKING(breakpoint)
DOOR u64 w2c_env_tryCopyUser(ENV, u64 to, u64 from, u64 count) { pal_hostLacks("tryCopyUser"); }
DOOR u64 w2c_env_tryCall(ENV, u64 code) { pal_hostLacks("tryCall"); }
DOOR u64 w2c_env_tryCallAt(ENV, u64 code) { pal_hostLacks("tryCallAt"); }
LACKING(fpuSave, u64 to)
LACKING(fpuLoad, u64 from)
LACKING(stackSwitch, u64 at, u64 to)
LACKING(writeMsr, u64 index, u64 value)
LACKING(loadGdt, u64 table)
LACKING(loadIdt, u64 table)
LACKING(loadTaskRegister, u64 selector)
DOOR u64 w2c_env_readMsr(ENV, u64 index) { pal_hostLacks("readMsr"); }
DOOR u64 w2c_env_trapStub(ENV, u64 vector) { pal_hostLacks("trapStub"); }

/* ---- the image, in the order of kernel/arch/image.ts: nothing is there, but the places are taken ---- */
static const u64 hosted_symbols[] = {
    0x100000, 0x109000, 0x109000, 0x129000, 0x129000, 0x131000, 0x131000, 0x300000,
    0x131000, 0x136000, 0x136000, 0x139000, 0x139000, 0x13c000, 0x13c000, 0x13f000,
    0x12f000, 0x12f000, 0x13f800, 0x120020, 0x12a000, 0x120040,
    0x120060, 0x13f808,
};
DOOR u64 w2c_env_linkerSymbol(ENV, u64 index) {
  return index < 2 ? hosted_symbols[index] : PAL_IMAGE_MAP + hosted_symbols[index];
}
