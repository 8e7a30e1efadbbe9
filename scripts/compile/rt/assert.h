// Generated C asserts only in wasm2c's instantiation, which the kernel does not call: its statics are initialised data.
#pragma once
#define assert(condition) ((void)0)
