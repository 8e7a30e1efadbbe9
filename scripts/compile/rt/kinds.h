// The kinds of value as C types, so that a debugger knows how to show each. Their underscores keep clear of the names of
// the program; ../debug-names.ts takes them away in the object.
#pragma once
#include "wasm-rt.h"

typedef s64 __number;
typedef u64 __bigint;
typedef enum : u64 { __false, __true } __boolean;
typedef u64 __string;   // its address: u32 length, then the bytes
typedef u64 __function; // its address
