/*
 * The C bodies of the doors that kernel/doors/machine.ts declares: one instruction, or as few as C and inline assembly
 * need. Every argument and result is one 64-bit slot.
 */
#pragma once

#include "doors-memory.h"

/* ---- memory ---- */
DOOR void w2c_env_fillWords(ENV, u64 va, u64 word, u64 count) {
  __asm__ volatile("rep stosq" : "+D"(va), "+c"(count) : "a"(word) : CLOBBER);
}
DOOR void w2c_env_copyBytes(ENV, u64 to, u64 from, u64 count) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::CLOBBER);
}

/* ---- tools that watch accesses: there are none here ---- */
DOOR void w2c_env_poison(ENV, u64 va, u64 count) {}
DOOR void w2c_env_unpoison(ENV, u64 va, u64 count) {}

/* ---- ports ---- */
#define PORT_DOORS(suffix, bits, reg)                                              \
  DOOR void w2c_env_out##suffix(ENV, u64 port, u64 value) {                        \
    __asm__ volatile("out" #suffix " %" reg "0, %w1" ::"a"((u##bits)value), "Nd"((u16)port) : CLOBBER); \
  }                                                                                \
  DOOR u64 w2c_env_in##suffix(ENV, u64 port) {                                     \
    u##bits value;                                                                 \
    __asm__ volatile("in" #suffix " %w1, %" reg "0" : "=a"(value) : "Nd"((u16)port) : CLOBBER); \
    return value;                                                                  \
  }
PORT_DOORS(b, 8, "b")
PORT_DOORS(w, 16, "w")
PORT_DOORS(l, 32, "k")

/* ---- CPU ---- */
#define READ_CONTROL(door, reg)                                                    \
  DOOR u64 w2c_env_##door(ENV) {                                                   \
    u64 value;                                                                     \
    __asm__ volatile("mov %%" reg ", %0" : "=r"(value)::CLOBBER);                  \
    return value;                                                                  \
  }
#define WRITE_CONTROL(door, reg)                                                   \
  DOOR void w2c_env_##door(ENV, u64 value) { __asm__ volatile("mov %0, %%" reg ::"r"(value) : CLOBBER); }
READ_CONTROL(readCr0, "cr0")
READ_CONTROL(readCr2, "cr2")
READ_CONTROL(readCr3, "cr3")
READ_CONTROL(readCr4, "cr4")
WRITE_CONTROL(writeCr0, "cr0")
WRITE_CONTROL(writeCr3, "cr3")
WRITE_CONTROL(writeCr4, "cr4")

DOOR void w2c_env_invalidatePage(ENV, u64 va) { __asm__ volatile("invlpg (%0)" ::"r"(va) : CLOBBER); }

DOOR u64 w2c_env_readMsr(ENV, u64 index) {
  u32 low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"((u32)index) : CLOBBER);
  return (u64)high << 32 | low;
}
DOOR void w2c_env_writeMsr(ENV, u64 index, u64 value) {
  __asm__ volatile("wrmsr" ::"c"((u32)index), "a"((u32)value), "d"((u32)(value >> 32)) : CLOBBER);
}
DOOR u64 w2c_env_cpuid(ENV, u64 leaf, u64 subleaf, u64 which) {
  u32 regs[4];
  __asm__ volatile("cpuid"
                   : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
                   : "a"((u32)leaf), "c"((u32)subleaf));
  return regs[which & 3];
}
DOOR u64 w2c_env_rdtsc(ENV) {
  u32 low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::CLOBBER);
  return (u64)high << 32 | low;
}
DOOR void w2c_env_halt(ENV) { __asm__ volatile("hlt" ::: CLOBBER); }
DOOR void w2c_env_pause(ENV) { __asm__ volatile("pause" ::: CLOBBER); }
DOOR void w2c_env_interruptsOn(ENV) { __asm__ volatile("sti" ::: CLOBBER); }
DOOR void w2c_env_interruptsOff(ENV) { __asm__ volatile("cli" ::: CLOBBER); }

DOOR void w2c_env_loadGdt(ENV, u64 table) {
  u64 scratch;
  __asm__ volatile(
      "lgdt (%1)\n\t"
      "pushq $0x08\n\t" /* a far return is how CS is loaded in 64-bit mode */
      "leaq 1f(%%rip), %0\n\t"
      "pushq %0\n\t"
      "lretq\n"
      "1:\n\t"
      "movl $0x10, %k0\n\t"
      "movl %k0, %%ds\n\t"
      "movl %k0, %%es\n\t"
      "movl %k0, %%ss\n\t"
      : "=&r"(scratch)
      : "r"(table)
      : CLOBBER);
}
DOOR void w2c_env_loadIdt(ENV, u64 table) { __asm__ volatile("lidt (%0)" ::"r"(table) : CLOBBER); }
DOOR void w2c_env_loadTaskRegister(ENV, u64 selector) { __asm__ volatile("ltr %w0" ::"r"(selector) : CLOBBER); }

/* RAX marks the trap as a panic: PANIC_MARK of kernel/base/panic.ts. */
DOOR void w2c_env_panicTrap(ENV, u64 message, u64 value) {
  __asm__ volatile("ud2" ::"a"(0x70616e6963ull), "D"(message), "S"(value) : CLOBBER);
  __builtin_unreachable();
}
/* A division by zero in TypeScript, or a line that cannot be reached: `text` says which and where. */
#define ON_TRAP(text) w2c_env_panicTrap(0, text, 0)
DOOR u64 w2c_env_framePointer(ENV) { return (u64)__builtin_frame_address(0); }

/* ---- what the linker knows ---- */
extern const u64 trap_stubs[256];
DOOR u64 w2c_env_trapStub(ENV, u64 vector) { return trap_stubs[vector & 255]; }

extern const u8 boot_start[], boot_end[], text_start[], text_end[], rodata_start[], rodata_end[], data_start[],
    data_end[], stack_guard[], stack_top[], double_fault_guard[], double_fault_top[], nmi_guard[], nmi_top[],
    machine_check_guard[], machine_check_top[];
/* In the order of kernel/arch/image.ts. */
static const u8 *const linker_symbols[16] = {
    boot_start,  boot_end,  text_start,         text_end,         rodata_start, rodata_end,
    data_start,  data_end,  stack_guard,        stack_top,        double_fault_guard,
    double_fault_top, nmi_guard, nmi_top,       machine_check_guard, machine_check_top,
};
DOOR u64 w2c_env_linkerSymbol(ENV, u64 index) { return (u64)linker_symbols[index & 15]; }
