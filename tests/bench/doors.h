/*
 * The kernel's own doors, for a Linux program. Those to memory are used as they are: kernel code runs at addresses of
 * the program. `invlpg` is not for programs; its effect on the compiler is what stays, as in the C peers.
 */
#pragma once
#define w2c_env_invalidatePage w2c_env_invalidatePage_privileged
#include "../../boot/doors.h"
#undef w2c_env_invalidatePage
DOOR void w2c_env_invalidatePage(ENV, u64 va) { __asm__ volatile("" ::"r"(va) : CLOBBER); }
