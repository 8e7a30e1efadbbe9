// Division by zero, and the end of a function that never returns: what generated C calls for them, as a sentence with
// the line of the TypeScript. Included after the doors: ON_TRAP(text) of theirs is told the address of the sentence, laid
// out like a string literal, and must not come back. Doors without it get `ud2`. Nothing of it is on the path that does
// not trap.
#pragma once

#ifndef ON_TRAP
#define ON_TRAP(text) __builtin_trap()
#endif

#define TRAP_TEXT_WASM_RT_TRAP_OOB "access out of bounds"
#define TRAP_TEXT_WASM_RT_TRAP_INT_OVERFLOW "integer overflow"
#define TRAP_TEXT_WASM_RT_TRAP_DIV_BY_ZERO "division by zero"
#define TRAP_TEXT_WASM_RT_TRAP_INVALID_CONVERSION "invalid conversion"
#define TRAP_TEXT_WASM_RT_TRAP_UNREACHABLE "unreachable code was reached"
#define TRAP_TEXT_WASM_RT_TRAP_CALL_INDIRECT "call of no function"
#define TRAP_TEXT_WASM_RT_TRAP_EXHAUSTION "stack exhausted"

#define TRAP_QUOTE_(line) #line
#define TRAP_QUOTE(line) TRAP_QUOTE_(line)
// __FILE__ and __LINE__ are those of the last #line: the TypeScript's
#define wasm_rt_trap(code) TRAP_SAY(TRAP_TEXT_##code " at " __FILE__ ":" TRAP_QUOTE(__LINE__))
#define TRAP_SAY(text)                                                              \
  ({                                                                                \
    static const struct {                                                           \
      u32 length;                                                                   \
      u8 bytes[sizeof text];                                                        \
    } sentence = {sizeof text - 1, text};                                           \
    ON_TRAP((u64)&sentence);                                                        \
    __builtin_unreachable();                                                        \
  })
