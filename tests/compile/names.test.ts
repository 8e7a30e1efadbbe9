import { expect, test } from "vitest";
import { NativeNames } from "../../scripts/compile/names.ts";

test("a name stays what it is", () => {
  expect(new NativeNames().take("frameTake")).toBe("frameTake");
});

test("the same name of two modules is numbered", () => {
  const names = new NativeNames();
  expect([names.take("find"), names.take("find"), names.take("find")]).toEqual(["find", "find_1", "find_2"]);
});

test("names of C, of its headers and of generated code are avoided", () => {
  const names = new NativeNames();
  expect(names.take("register")).toBe("register_1");
  expect(names.take("memcpy")).toBe("memcpy_1");
  expect(names.take("u64")).toBe("u64_1");
  expect(names.take("t3")).toBe("ts_t3");
  expect(names.take("env_load8")).toBe("ts_env_load8");
});

test("what wasm2c would write as codes is written otherwise", () => {
  const names = new NativeNames();
  expect(names.take("$a__b_")).toBe("a_b");
  expect(names.take("__")).toBe("underscore");
});
