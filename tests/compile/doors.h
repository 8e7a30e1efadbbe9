// The doors that the test programs use, for a Linux process. Included by generated code.
#pragma once
#define DOOR static inline __attribute__((always_inline))
typedef u16 __attribute__((may_alias, aligned(1))) memory16;
typedef u32 __attribute__((may_alias, aligned(1))) memory32;
typedef u64 __attribute__((may_alias, aligned(1))) memory64;

DOOR u64 w2c_env_load8(struct w2c_env *env, u64 va) { return *(u8 *)va; }
DOOR u64 w2c_env_load16(struct w2c_env *env, u64 va) { return *(memory16 *)va; }
DOOR u64 w2c_env_load32(struct w2c_env *env, u64 va) { return *(memory32 *)va; }
DOOR u64 w2c_env_load64(struct w2c_env *env, u64 va) { return *(memory64 *)va; }
DOOR void w2c_env_store8(struct w2c_env *env, u64 va, u64 value) { *(u8 *)va = (u8)value; }
DOOR void w2c_env_store16(struct w2c_env *env, u64 va, u64 value) { *(memory16 *)va = (u16)value; }
DOOR void w2c_env_store32(struct w2c_env *env, u64 va, u64 value) { *(memory32 *)va = (u32)value; }
DOOR void w2c_env_store64(struct w2c_env *env, u64 va, u64 value) { *(memory64 *)va = value; }
DOOR u64 w2c_env_stringLength(struct w2c_env *env, u64 text) { return *(u32 *)text; }
DOOR u64 w2c_env_stringByte(struct w2c_env *env, u64 text, u64 index) { return ((u8 *)text)[4 + index]; }
DOOR __attribute__((noreturn)) void w2c_env_panicTrap(struct w2c_env *env, u64 message, u64 value) { __builtin_trap(); }
