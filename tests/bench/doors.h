/*
 * The kernel's own doors, for a Linux program. Those to memory are used as they are: kernel code runs at addresses of
 * the program. What is not for programs is one instruction less, or another one: its effect on the compiler stays, as
 * in the C peers. No space is the current one, and no entry is global to CR4.
 */
#pragma once
#define w2c_env_invalidatePage w2c_env_invalidatePage_privileged
#define w2c_env_readCr3 w2c_env_readCr3_privileged
#define w2c_env_readCr4 w2c_env_readCr4_privileged
#define w2c_env_writeCr3 w2c_env_writeCr3_privileged
#define w2c_env_writeCr4 w2c_env_writeCr4_privileged
#include "../../boot/doors.h"
#undef w2c_env_invalidatePage
#undef w2c_env_readCr3
#undef w2c_env_readCr4
#undef w2c_env_writeCr3
#undef w2c_env_writeCr4
DOOR void w2c_env_invalidatePage(ENV, u64 va) { __asm__ volatile("" ::"r"(va) : CLOBBER); }
DOOR u64 w2c_env_readCr3(ENV) {
  u64 value;
  __asm__ volatile("xor %k0, %k0" : "=r"(value) : : "cc");
  return value;
}
DOOR u64 w2c_env_readCr4(ENV) { return w2c_env_readCr3(0); }
DOOR void w2c_env_writeCr3(ENV, u64 value) { __asm__ volatile("" ::"r"(value) : CLOBBER); }
DOOR void w2c_env_writeCr4(ENV, u64 value) { __asm__ volatile("" ::"r"(value) : CLOBBER); }
