import { expect, test } from "vitest";
import type { FunctionInfo } from "../../scripts/compile/lower.ts";
import { putKinds } from "../../scripts/compile/typed.ts";

const FUNCTION: FunctionInfo = {
  symbol: "f",
  name: "f",
  params: ["bigint", "boolean"],
  result: "number",
  locals: [
    { symbol: "a", name: "a", kind: "bigint" },
    { symbol: "b", name: "b", kind: "boolean" },
    { symbol: "text", name: "text", kind: "string" },
  ],
  isValue: false,
  isCold: false,
};
const CODE = `static u64 w2c_kernel_f(w2c_kernel*, u64, u64);
static u64 w2c_kernel_other(w2c_kernel*, u64);

u64 w2c_kernel_f(w2c_kernel* instance, u64 var_a, u64 var_b) {
  u64 var_text = 0, var_tmp_switch_0 = 0;
  u64 var_j0;
  var_j0 = instance->w2c_root;
  w2c_env_door(instance->w2c_env_instance, var_j0);
}

void init(w2c_kernel* instance) {
  u64 var_text = 0;
  instance->w2c_root = 7ull;
}`;

test("declarations and definitions say kinds; what only the compiler has stays out of the debug information", () => {
  expect(putKinds(CODE, [FUNCTION], ["root"])).toBe(`static __number w2c_kernel_f(w2c_kernel*, __bigint, __boolean);
static u64 w2c_kernel_other(w2c_kernel*, u64);

__number w2c_kernel_f(w2c_kernel* instance, __bigint var_a, __boolean var_b) {
  __string var_text = 0;
  __attribute__((nodebug)) u64 var_tmp_switch_0 = 0;
  u64 var_j0;
  var_j0 = w2c_root;
  w2c_env_door(instance->w2c_env_instance, var_j0);
}

void init(w2c_kernel* instance) {
  u64 var_text = 0;
  w2c_root = 7ull;
}`);
});

test("the module's variables leave the instance, what else is in it stays", () => {
  const header = "typedef struct w2c_kernel {\n  struct w2c_env* w2c_env_instance;\n  u64 w2c_root;\n} w2c_kernel;";
  expect(putKinds(header, [], ["root"])).toBe(header.replace("  u64 w2c_root;\n", ""));
});

test("parameters that do not fit the source are an error, not a wrong kind", () => {
  expect(() => putKinds("u64 w2c_kernel_f(w2c_kernel*, u64);", [FUNCTION], [])).toThrow("1 parameters");
});
