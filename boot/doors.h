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
  u64 words = count >> 3;
  __asm__ volatile("rep movsq\n\tmov %3, %2\n\trep movsb"
                   : "+&D"(to), "+&S"(from), "+&c"(words) : "r"(count & 7) : CLOBBER);
}

/* ---- memory that may not be there ---- */
/*
 * A fault at label 1 goes on at label 2: kernel/trap/recovery.ts finds the pair in the section. Each answer is set to
 * "failed" before the access and to "worked" after it, between the labels, so that no branch is needed.
 */
#define RECOVERED_AT(from, to) \
  ".pushsection .fixups, \"a\", @progbits\n\t.balign 8\n\t.quad " from ", " to "\n\t.popsection\n\t"
#define RECOVERED RECOVERED_AT("1b", "2b")

DOOR u64 w2c_env_tryLoad8(ENV, u64 va) {
  u64 value = -1ull;
  __asm__ volatile("1: movzbl (%1), %k0\n2:\n\t" RECOVERED : "+r"(value) : "r"(va) : CLOBBER);
  return value;
}
DOOR u64 w2c_env_tryLoad64(ENV, u64 va, u64 to) {
  u64 value, worked = 0;
  __asm__ volatile("1: movq (%2), %0\n\tmovl $1, %k1\n2:\n\t" RECOVERED
                   : "=r"(value), "+r"(worked) : "r"(va) : CLOBBER);
  if (worked) *(mem64 *)to = value;
  return worked;
}
#define TRY_STORE(bits, mov, operand)                                              \
  DOOR u64 w2c_env_tryStore##bits(ENV, u64 va, u64 value) {                        \
    u64 worked = 0;                                                                \
    __asm__ volatile("1: " mov " %" operand "2, (%1)\n\tmovl $1, %k0\n2:\n\t" RECOVERED \
                     : "+r"(worked) : "r"(va), "r"(value) : CLOBBER);              \
    return worked;                                                                 \
  }
TRY_STORE(8, "movb", "b")
TRY_STORE(64, "movq", "q")
/* Words, then bytes: those that are left, and those from the word on that could not be copied whole. */
#define TRY_COPY(door, before, after)                                              \
  DOOR u64 w2c_env_##door(ENV, u64 to, u64 from, u64 count) {                      \
    u64 left = count >> 3; /* where a fault stops it, too */                       \
    __asm__ volatile(before "1: rep movsq\n2: lea (%3,%2,8), %2\n3: rep movsb\n4:\n\t" after \
                     RECOVERED RECOVERED_AT("3b", "4b")                            \
                     : "+&D"(to), "+&S"(from), "+&c"(left) : "r"(count & 7) : CLOBBER); \
    return count - left;                                                           \
  }
TRY_COPY(tryCopy, "", "")
TRY_COPY(tryCopyUser, "stac\n\t", "clac\n\t")

/* In boot/traps.asm and boot/user.asm. */
u64 try_call(u64 code);
void stack_switch(u64 at, u64 to);
DOOR u64 w2c_env_tryCall(ENV, u64 code) { return try_call(code); }
DOOR u64 w2c_env_tryCallAt(ENV, u64 code) { return try_call(code); }

/* ---- tools that watch accesses: there are none here ---- */
DOOR void w2c_env_poison(ENV, u64 va, u64 count) {}
DOOR void w2c_env_unpoison(ENV, u64 va, u64 count) {}

DOOR void w2c_env_stackSwitch(ENV, u64 at, u64 to) {
  BARRIER();
  stack_switch(at, to);
  BARRIER();
}

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
READ_CONTROL(readDr6, "db6")
WRITE_CONTROL(writeDr6, "db6")

DOOR void w2c_env_invalidatePage(ENV, u64 va) { __asm__ volatile("invlpg (%0)" ::"r"(va) : CLOBBER); }

DOOR u64 w2c_env_readMsr(ENV, u64 index) {
  u32 low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"((u32)index) : CLOBBER);
  return (u64)high << 32 | low;
}
DOOR void w2c_env_writeMsr(ENV, u64 index, u64 value) {
  __asm__ volatile("wrmsr" ::"c"((u32)index), "a"((u32)value), "d"((u32)(value >> 32)) : CLOBBER);
}
/* The 512 bytes of FXSAVE: all that programs have beside the general registers. */
DOOR void w2c_env_fpuSave(ENV, u64 to) { __asm__ volatile("fxsave64 (%0)" ::"r"(to) : CLOBBER); }
DOOR void w2c_env_fpuLoad(ENV, u64 from) { __asm__ volatile("fxrstor64 (%0)" ::"r"(from) : CLOBBER); }
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
/* What sti lets in comes behind the next instruction: never before the hlt. */
DOOR void w2c_env_idle(ENV) { __asm__ volatile("sti\n\thlt\n\tcli" ::: CLOBBER); }
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
/* The trap's RIP is behind the int3: it goes on where it would go on. */
DOOR void w2c_env_breakpoint(ENV) { __asm__ volatile("int3\n1:\n2:\n\t" RECOVERED ::: CLOBBER); }
DOOR u64 w2c_env_framePointer(ENV) { return (u64)__builtin_frame_address(0); }

/* ---- what the linker knows ---- */
extern const u64 trap_stubs[256];
DOOR u64 w2c_env_trapStub(ENV, u64 vector) { return trap_stubs[vector & 255]; }

extern const u8 boot_start[], boot_end[], text_start[], text_end[], rodata_start[], rodata_end[], data_start[],
    data_end[], stack_guard[], stack_top[], double_fault_guard[], double_fault_top[], nmi_guard[], nmi_top[],
    machine_check_guard[], machine_check_top[], fixups_start[], fixups_end[], call_tried[], try_call_failed[],
    symbols_start[], system_call_entry[], trap_return[], kernel_stack[];
/* In the order of kernel/arch/image.ts. */
static const u8 *const linker_symbols[] = {
    boot_start,  boot_end,  text_start,         text_end,         rodata_start, rodata_end,
    data_start,  data_end,  stack_guard,        stack_top,        double_fault_guard,
    double_fault_top, nmi_guard, nmi_top,       machine_check_guard, machine_check_top,
    fixups_start, fixups_end, call_tried,       try_call_failed,  symbols_start,
    system_call_entry, trap_return, kernel_stack,
};
#define LINKER_SYMBOLS (sizeof linker_symbols / sizeof *linker_symbols)
DOOR u64 w2c_env_linkerSymbol(ENV, u64 index) { return index < LINKER_SYMBOLS ? (u64)linker_symbols[index] : 0; }
