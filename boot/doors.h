/*
 * The C bodies of the doors that kernel/doors/machine.ts declares: one instruction, or as few as C and inline assembly
 * need. Every argument and result is one 64-bit slot.
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

#define BARRIER() __asm__ volatile("" ::: CLOBBER)

/* ---- memory ---- */
DOOR u64 w2c_env_load8(ENV, u64 va) { return *(const mem8 *)va; }
DOOR u64 w2c_env_load16(ENV, u64 va) { return *(const mem16 *)va; }
DOOR u64 w2c_env_load32(ENV, u64 va) { return *(const mem32 *)va; }
DOOR u64 w2c_env_load64(ENV, u64 va) { return *(const mem64 *)va; }
DOOR void w2c_env_store8(ENV, u64 va, u64 value) { *(mem8 *)va = (u8)value; }
DOOR void w2c_env_store16(ENV, u64 va, u64 value) { *(mem16 *)va = (u16)value; }
DOOR void w2c_env_store32(ENV, u64 va, u64 value) { *(mem32 *)va = (u32)value; }
DOOR void w2c_env_store64(ENV, u64 va, u64 value) { *(mem64 *)va = value; }

#define VOLATILE_DOORS(bits)                                                       \
  DOOR u64 w2c_env_loadVolatile##bits(ENV, u64 va) {                               \
    BARRIER();                                                                     \
    const u64 value = *(const volatile mem##bits *)va;                             \
    BARRIER();                                                                     \
    return value;                                                                  \
  }                                                                                \
  DOOR void w2c_env_storeVolatile##bits(ENV, u64 va, u64 value) {                  \
    BARRIER();                                                                     \
    *(volatile mem##bits *)va = (u##bits)value;                                    \
    BARRIER();                                                                     \
  }
VOLATILE_DOORS(8)
VOLATILE_DOORS(32)
VOLATILE_DOORS(64)

DOOR void w2c_env_fillWords(ENV, u64 va, u64 word, u64 count) {
  __asm__ volatile("rep stosq" : "+D"(va), "+c"(count) : "a"(word) : CLOBBER);
}
DOOR void w2c_env_copyBytes(ENV, u64 to, u64 from, u64 count) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::CLOBBER);
}

/* ---- string literals: a length, then the bytes ---- */
DOOR u64 w2c_env_stringLength(ENV, u64 text) { return *(const mem32 *)text; }
DOOR u64 w2c_env_stringByte(ENV, u64 text, u64 index) { return ((const mem8 *)text)[4 + index]; }

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
