import { expect, test } from "vitest";
import { putLines } from "../../scripts/compile/lines.ts";

const TABLE = [
  { file: "", line: 0 },
  { file: "/elsewhere/a.ts", line: 10 },
  { file: "/elsewhere/a.ts", line: 12 },
];
const CODE = `static u64 w2c_kernel_f(w2c_kernel*);

u64 w2c_kernel_f(w2c_kernel* instance) {
  u32 var_i0;
  var_i0 = 1u;
  w2c_env_LINE(instance->w2c_env_instance, var_i0);
  var_j0 = 5ull;
  if (var_i0) {
    var_i1 = 2u;
    w2c_env_LINE(instance->w2c_env_instance, var_i1);
    var_j0 = 6ull;
  }
  return var_j0;
}

void w2c_kernel_g(w2c_kernel* instance) {
  var_i0 = 1u;
}
`;

test("markers become #line, repeated before every line of C that comes from there", () => {
  const ten = '#line 10 "/elsewhere/a.ts"\n';
  const twelve = '#line 12 "/elsewhere/a.ts"\n';
  expect(putLines(CODE, TABLE)).toBe(`static u64 w2c_kernel_f(w2c_kernel*);

${ten}u64 w2c_kernel_f(w2c_kernel* instance) {
${ten}  __attribute__((nodebug)) u32 var_i0;
${ten}  var_j0 = 5ull;
${ten}  if (var_i0) {
${twelve}    var_j0 = 6ull;
${twelve}  }
${twelve}  return var_j0;
${twelve}}

void w2c_kernel_g(w2c_kernel* instance) {
  var_i0 = 1u;
}
`);
});

test("what only wasm2c knows stays out of the debug information, a local of the source does not", () => {
  const code = "void w2c_kernel_f() {\n  u64 var_i0 = 0;\n  u32 var_i1, var_i2;\n  u64 var_j0;\n}";
  expect(putLines(code, TABLE).split("\n").slice(1, 4)).toEqual([
    "  u64 var_i0 = 0;",
    "  __attribute__((nodebug)) u32 var_i1, var_i2;",
    "  __attribute__((nodebug)) u64 var_j0;",
  ]);
});

test("a marker in a shape that is not known is an error, not a wrong line", () => {
  expect(() => putLines("  var_i0 = var_i1;\n  w2c_env_LINE(x);", TABLE)).toThrow(/shape/);
});
