/** The Wasm opcodes and types that the compiler names (WebAssembly Core Specification 2.0, "Binary Format"). */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
/** A block without a result. */
export const NO_RESULT = 0x40;

export const Op = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i64Const: 0x42,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtS: 0x55,
  i64GtU: 0x56,
  i64LeS: 0x57,
  i64LeU: 0x58,
  i64GeS: 0x59,
  i64GeU: 0x5a,
  f64Eq: 0x61,
  f64Ne: 0x62,
  f64Lt: 0x63,
  f64Gt: 0x64,
  f64Le: 0x65,
  f64Ge: 0x66,
  i32Clz: 0x67,
  i32Popcnt: 0x69,
  i32Add: 0x6a,
  i32Mul: 0x6c,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrS: 0x75,
  i32ShrU: 0x76,
  i32Rotr: 0x78,
  i64Clz: 0x79,
  i64Ctz: 0x7a,
  i64Popcnt: 0x7b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivS: 0x7f,
  i64DivU: 0x80,
  i64RemS: 0x81,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  i64Rotl: 0x89,
  i64Rotr: 0x8a,
  f64Abs: 0x99,
  f64Add: 0xa0,
  f64Sub: 0xa1,
  f64Mul: 0xa2,
  i32WrapI64: 0xa7,
  i64ExtendI32S: 0xac,
  i64ExtendI32U: 0xad,
  f64ConvertI32S: 0xb7,
  f64ConvertI32U: 0xb8,
  i64Extend8S: 0xc2,
  i64Extend16S: 0xc3,
  i64Extend32S: 0xc4,
  prefixed: 0xfc,
} as const;

/** How many operands an instruction takes from the stack and how many it leaves. Calls and control are not here. */
export function arity(opcode: number): readonly [pops: number, pushes: number] | null {
  if (opcode === Op.nop) return [0, 0];
  if (opcode === Op.drop || opcode === Op.localSet || opcode === Op.globalSet) return [1, 0];
  if (opcode === Op.select) return [3, 1];
  if (opcode === Op.localGet || opcode === Op.globalGet) return [0, 1];
  if (opcode === Op.i32Const || opcode === Op.i64Const) return [0, 1];
  if (opcode === Op.localTee || opcode === Op.i32Eqz || opcode === Op.i64Eqz) return [1, 1];
  if (opcode >= Op.i32Eq && opcode <= Op.i32GeU) return [2, 1];
  if (opcode >= Op.i64Eq && opcode <= Op.i64GeU) return [2, 1];
  if (opcode >= Op.i32Clz && opcode <= Op.i32Popcnt) return [1, 1];
  if (opcode >= Op.i32Add && opcode <= Op.i32Rotr) return [2, 1];
  if (opcode >= Op.i64Clz && opcode <= Op.i64Popcnt) return [1, 1];
  if (opcode >= Op.i64Add && opcode <= Op.i64Rotr) return [2, 1];
  if (opcode === Op.i32WrapI64 || opcode === Op.i64ExtendI32S || opcode === Op.i64ExtendI32U) return [1, 1];
  if (opcode >= Op.i64Extend8S && opcode <= Op.i64Extend32S) return [1, 1];
  return null;
}

/** The result is an i32 that is 0 or 1. */
export function isComparison(opcode: number): boolean {
  return opcode >= Op.i32Eqz && opcode <= Op.i64GeU;
}
