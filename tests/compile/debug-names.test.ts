import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compileProgram } from "../../scripts/compile/compile.ts";
import { renameInObject, renameStrings, sourceNames } from "../../scripts/compile/debug-names.ts";
import { REPOSITORY } from "../../scripts/compile/errors.ts";
import { CLANG_FLAGS, writeNative } from "../../scripts/compile/native.ts";
import { withFolder } from "../folder.ts";

const SOURCE = `import { load64 } from "kernel/doors/machine.ts";
let seen = 0n;
export function look(at: bigint, times: number, isLoud: boolean, text: string): bigint {
  let value = 0n;
  for (let i = 0; i < times; i++) value = load64(at);
  if (isLoud) seen = value;
  return say(text) ? value : seen;
}
function say(text: string): boolean {
  return seen !== 1n;
}
export function var_other(look: bigint): bigint {
  return look & 0xffn;
}
`;

/** The debug information of SOURCE as an object, in the words of readelf. */
function debugInformation(level: string): string {
  return withFolder((directory) => {
    const entry = join(directory, "look.ts");
    writeFileSync(entry, SOURCE.replace("kernel/", join(REPOSITORY, "kernel/")));
    const compiled = compileProgram(entry);
    const base = join(directory, "look");
    writeNative(compiled, base, { doors: join(REPOSITORY, "boot/doors.h") });
    const flags = [level, "-g", ...CLANG_FLAGS, "-fno-pic", "-mcmodel=kernel"];
    execFileSync("clang-14", [...flags, "-c", `${base}.glue.c`, "-o", `${base}.o`]);
    renameInObject(`${base}.o`, sourceNames(compiled.functions));
    return execFileSync("readelf", ["--debug-dump=info", `${base}.o`], { encoding: "utf8", maxBuffer: 1 << 26 });
  });
}

/** From the names of variables and parameters to those of their types. */
function typesOf(text: string): Map<string, string> {
  const entries = text.split(/^ *<\d+>(?=<)/m);
  const at = new Map(entries.map((entry) => [/^<(\w+)>/.exec(entry)?.[1] ?? "", entry]));
  const nameOf = (entry: string | undefined): string => /DW_AT_name\s*:.*?(\S+)$/m.exec(entry ?? "")?.[1] ?? "";
  const variables = entries.filter((entry) => /DW_TAG_(variable|formal_parameter)/.test(entry));
  return new Map(variables.map((entry) => {
    return [nameOf(entry), nameOf(at.get(/DW_AT_type\s*: <0x(\w+)>/.exec(entry)?.[1] ?? ""))];
  }));
}

test.each(["-O0", "-O2"])("debug information has the names and kinds of variables and parameters (%s)", (level) => {
  const text = debugInformation(level);
  const types = typesOf(text);
  expect(Object.fromEntries(types)).toMatchObject({
    at: "bigint", times: "number", isLoud: "boolean", text: "string", value: "bigint", i: "number", seen: "bigint",
  });
  expect([...types.keys()].filter((name) => /^(var_|w2c_|__)/.test(name))).toEqual([]);
  expect(text).toMatch(/DW_TAG_enumerator[^]*?: true$/m);
  expect(text).not.toContain("load64"); // a door is part of the line that uses it
  expect(text).not.toContain("DW_TAG_label"); // wasm2c's, not the program's
});

test("strings are written over in place, and no other string moves", () => {
  const strings = Buffer.from("var_a\0var_ab\0b\0__number\0");
  renameStrings(strings, sourceNames([]));
  expect(strings.toString()).toBe("var_a\0var_ab\0b\0number\0\0\0");
  renameStrings(strings, new Map([["var_a", "a"]]));
  expect(strings.toString()).toBe("a\0\0\0\0\0var_ab\0b\0number\0\0\0");
  expect(() => renameStrings(strings, new Map([["b", "bc"]]))).toThrow("longer");
});

test("a function that is called like a local in C keeps its name", () => {
  const local = { symbol: "x", name: "x", kind: "number" } as const;
  const fn = { name: "", params: [], result: "void", isValue: false, isCold: false } as const;
  expect(sourceNames([{ ...fn, symbol: "f", locals: [local] }]).get("var_x")).toBe("x");
  expect(sourceNames([{ ...fn, symbol: "var_x", locals: [local] }]).has("var_x")).toBe(false);
});

test("a file that is no object is left alone", () => {
  withFolder((directory) => {
    const path = join(directory, "text");
    writeFileSync(path, "no object");
    renameInObject(path, new Map());
    expect(readFileSync(path, "utf8")).toBe("no object");
  });
});
