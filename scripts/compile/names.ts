/** The names of functions, module variables and static bytes in C and gdb: the TypeScript name where that can be. */

const C_WORDS = `auto break case char const continue default do double else enum extern float for goto if inline int
  long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
  asm typeof bool true false NULL main`;

/** What the headers in rt/ define, apart from wasm_rt_… */
const RUNTIME = `u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 size_t ptrdiff_t wchar_t LIKELY UNLIKELY alloca assert isnan
  INFINITY floor ceil trunc nearbyint fabs sqrt floorf ceilf truncf nearbyintf fabsf sqrtf
  memcpy memmove memset memcmp`;

/** What the C of wasm2c 1.0.39 defines, and the glue around it. */
const GENERATED = `TRAP FUNC_PROLOGUE FUNC_EPILOGUE UNREACHABLE CALL_INDIRECT MEMCHECK RANGE_CHECK DEFINE_LOAD
  DEFINE_STORE DIV_S DIV_U REM_S REM_U DIVREM_U ROTL ROTR FMIN FMAX TRUNC_S TRUNC_U quiet_nan quiet_nanf
  func_types_eq load_data init_globals init_tables init_memories init_data_instances init_elem_instances
  init_instance_import memory_fill memory_copy memory_init funcref_table_init externref_table_init
  instance statics`;

/** wasm2c names its function types t0, t1 …, and its prefix of variables begins its prefix of functions and doors. */
const GENERATED_PATTERN = /^(t\d+|env_.*|kernel_.*|wasm_.*|w2c_.*|WASM_.*|u?int\d+_t|__.*)$/;

/** A name that wasm2c writes as it is: `$`, double underscores and those at the ends would become codes. */
export function plainName(name: string): string {
  const plain = name.replaceAll(/[$_]+/g, "_").replaceAll(/^_|_$/g, "");
  return plain === "" ? "underscore" : plain;
}

/** Hands out each name once. */
export class NativeNames {
  readonly #taken = new Set(`${C_WORDS} ${RUNTIME} ${GENERATED}`.split(/\s+/));

  /** `name`, or `name_1`, `name_2` … when that is taken. */
  take(name: string): string {
    const plain = plainName(name);
    const base = GENERATED_PATTERN.test(plain) ? `ts_${plain}` : plain;
    let unique = base;
    for (let n = 1; this.#taken.has(unique); n++) unique = `${base}_${n}`;
    this.#taken.add(unique);
    return unique;
  }
}
