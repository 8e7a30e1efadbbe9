/**
 * Random programs in the dialect: arithmetic of both kinds, conversions, control, calls, function values, doors, static
 * bytes, records, strings. Every function takes (number, bigint, bigint), ends, and mostly keeps its values in
 * their domains; what leaves them all the same is noticed by the checked build and not compared. Addresses differ from
 * host to host and go nowhere but into doors.
 */
import type { Random } from "./random.ts";

type Kind = "number" | "bigint" | "boolean";
const NUMBERS = [
  "0", "1", "2", "(-1)", "7", "31", "32", "63", "255", "4096", "0x7fffffff", "0x80000000", "0xffffffff",
  "(-2147483648)", "12345678901", "(-98765432109)",
];
const WORDS = [
  "0n", "1n", "2n", "7n", "63n", "64n", "255n", "4095n", "0x7fff_ffffn", "0x8000_0000n", "0xffff_ffffn",
  "0x1_0000_0000n",
  "0xffff_8000_0000_0000n", "0x7fff_ffff_ffff_ffffn", "0x8000_0000_0000_0000n", "0xffff_ffff_ffff_ffffn",
];
const TEXTS = [`""`, `"a"`, `"h\u00e9llo"`, `"tick \\n tock"`];
const COMPARISONS = ["<", "<=", ">", ">=", "===", "!=="];

interface Variable {
  readonly name: string;
  readonly kind: Kind;
  readonly isFixed: boolean;
}

export class RandomProgram {
  readonly #random: Random;
  readonly #callable: { readonly name: string; readonly kind: Kind }[] = [];
  #variables: Variable[] = [];
  #loops: string[] = [];
  #names = 0;
  #result: Kind = "number";
  #depth = 2;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Source with functions f0 … and `reset` and `state`, which look after the module's variables. */
  source(functions: number): string {
    const lines = [
      `import { load16, load32, load64, load8, staticBytes } from "../../kernel/doors/machine.ts";`,
      `import { store16, store32, store64, store8, stringByte, stringLength } from "../../kernel/doors/machine.ts";`,
      `import { countLeadingZeros, countOnes, countTrailingZeros, rotateLeft } from "../../kernel/lib/bits.ts";`,
      `import { layout, packed, u16, u32, u64, u8 } from "../../kernel/lib/layout.ts";`,
      "const POOL = staticBytes(64, 8);",
      "const CELL = layout(16, { count: u32, low: u8, base: packed(u64), high: u8, kind: u16 });",
      "let g0 = 3;",
      "let g1 = 0xffff_8000_0000_0000n;",
      "let g2 = false;",
      "type Unary = (a: number, b: bigint, c: bigint) => bigint;",
      "const twist = (a: number, b: bigint, c: bigint): bigint => BigInt.asUintN(64, BigInt(a) * b + c);",
      "const turn = (a: number, b: bigint, c: bigint): bigint => rotateLeft(b ^ c, a);",
      "let handler: Unary = twist;",
      "const apply = (fn: Unary, a: number, b: bigint): bigint => fn(a, b, BigInt.asUintN(64, b + 1n));",
      "const byteOf = (text: string, at: number): number => (at < stringLength(text) ? stringByte(text, at) : 256);",
      "export function reset(): void {",
      "g0 = 3; g1 = 0xffff_8000_0000_0000n; g2 = false; handler = twist;",
      "for (let at = 0n; at < 64n; at += 8n) store64(POOL + at, at * 0x0101_0101n);",
      "}",
      "export function state(): bigint {",
      "let sum = BigInt.asUintN(64, BigInt(g0) ^ g1 ^ (BigInt(g2) << 32n) ^ handler(1, 2n, 3n));",
      "for (let at = 0n; at < 64n; at += 8n) sum = rotateLeft(sum ^ load64(POOL + at), 7);",
      "return sum;",
      "}",
    ];
    for (let i = 0; i < functions; i++) lines.push(this.#function(`f${i}`));
    return lines.join("\n");
  }

  #function(name: string): string {
    this.#variables = [
      { name: "a", kind: "number", isFixed: false },
      { name: "b", kind: "bigint", isFixed: false },
      { name: "c", kind: "bigint", isFixed: false },
      { name: "g0", kind: "number", isFixed: false },
      { name: "g1", kind: "bigint", isFixed: false },
      { name: "g2", kind: "boolean", isFixed: false },
    ];
    this.#loops = [];
    this.#names = 0;
    this.#result = this.#random.pick(["number", "bigint", "boolean"] as const);
    // Most are small: what is compiled wrongly is so in one operation or in two that meet.
    const isSmall = !this.#random.chance(10);
    this.#depth = isSmall ? 1 : 2;
    const body = isSmall ? this.#smallBody() : this.#block(this.#random.chance(4) ? 2 : this.#random.below(2));
    const result = this.#expression(this.#result, this.#random.chance(4) ? this.#depth + 1 : this.#depth);
    this.#callable.push({ name, kind: this.#result });
    if (this.#callable.length > 8) this.#callable.shift(); // or calls of calls would take for ever
    return `export function ${name}(a: number, b: bigint, c: bigint): ${this.#result} {\n${body}return ${result};\n}`;
  }

  #smallBody(): string {
    return this.#random.chance(2) ? this.#statement(this.#random.chance(4) ? 1 : 0) : "";
  }

  // ---- expressions -------------------------------------------------------------------------------------------
  #expression(kind: Kind, depth: number): string {
    if (kind === "number") return this.#number(depth);
    return kind === "bigint" ? this.#word(depth) : this.#truth(depth);
  }

  #variable(kind: Kind): string {
    return this.#random.pick(this.#variables.filter((each) => each.kind === kind)).name;
  }
  #target(kind: Kind): string {
    return this.#random.pick(this.#variables.filter((each) => each.kind === kind && !each.isFixed)).name;
  }

  #number(depth: number): string {
    const random = this.#random;
    if (depth <= 0) return random.chance(3) ? random.pick(NUMBERS) : this.#variable("number");
    const number = (): string => this.#number(depth - 1);
    const word = (): string => this.#word(depth - 1);
    const truth = (): string => this.#truth(depth - 1);
    const small = (): string => `(${number()} & ${random.pick(["0xff", "0xffff", "0x7fffff"])})`;
    const forms: (() => string)[] = [
      () => `(${number()} ${random.pick(["+", "-"])} ${number()})`,
      () => `(${small()} * ${small()})`,
      () => `(${number()} ${random.pick(["&", "|", "^"])} ${number()})`,
      () => `(${number()} ${random.pick(["<<", ">>", ">>>"])} ${number()})`,
      () => `(${number()} % ((${number()} & 1023) + 1))`,
      () => {
        const divisor = random.pick([`(${small()} + 1)`, "8", "4096", "(-7)", "10"]);
        return `Math.${random.pick(["trunc", "floor"])}(${number()} / ${divisor})`;
      },
      () => `${random.pick(["~", "-"])}(${number()} | 1)`,
      () => `Math.imul(${number()}, ${number()})`,
      () => `Math.clz32(${number()})`,
      () => `Math.${random.pick(["min", "max"])}(${number()}, ${number()})`,
      () => `${random.pick(["countLeadingZeros", "countTrailingZeros", "countOnes"])}(${word()})`,
      () => `Number(BigInt.asUintN(${random.pick([1, 8, 16, 32, 48])}, ${this.#ring(depth - 1)}))`,
      () => `Number(BigInt.asIntN(${random.pick([8, 16, 32, 40])}, ${this.#ring(depth - 1)}))`,
      () => `Number(${truth()})`,
      () => `load${random.pick([8, 16, 32])}(${this.#address(depth - 1)})`,
      () => `CELL.${random.pick(["count", "low", "high", "kind"])}(${this.#record(depth - 1)})`,
      () => `stringLength(${random.pick(TEXTS)})`,
      () => `byteOf(${random.pick(TEXTS)}, ${number()} & 7)`,
      () => `Number(${word()} >> 12n)`,
      () => `(${truth()} ? ${number()} : ${number()})`,
      () => `(${this.#target("number")} = ${number()})`,
      () => `(${this.#target("number")} ${random.pick(["|=", "^=", "&=", "<<=", ">>=", ">>>="])} ${number()})`,
      () => this.#step(),
      () => this.#call("number", depth) ?? number(),
    ];
    return random.pick(forms)();
  }

  /** Of up to eight bytes in POOL, at any alignment. */
  #address(depth: number): string {
    return `POOL + ((${this.#word(depth)}) % 57n)`;
  }
  /** Of a CELL in POOL. */
  #record(depth: number): string {
    return `POOL + ((${this.#word(depth)}) & 48n)`;
  }

  /** `x++` and its like. */
  #step(): string {
    const name = this.#target("number");
    return this.#random.pick([`${name}++`, `${name}--`, `++${name}`, `--${name}`]);
  }

  #call(kind: Kind, depth: number): string | null {
    const fitting = this.#callable.filter((each) => each.kind === kind);
    if (fitting.length === 0) return null;
    const args = [this.#number(depth - 1), this.#word(depth - 1), this.#word(depth - 1)];
    return `${this.#random.pick(fitting).name}(${args.join(", ")})`;
  }

  #word(depth: number): string {
    const random = this.#random;
    if (depth <= 0) return random.chance(3) ? random.pick(WORDS) : this.#variable("bigint");
    const word = (): string => this.#word(depth - 1);
    const ring = (): string => this.#ring(depth - 1);
    const forms: (() => string)[] = [
      () => `BigInt.asUintN(${random.pick([64, 64, 64, 8, 16, 32, 33])}, ${ring()})`,
      () => `(${word()} ${random.pick(["&", "|", "^"])} ${word()})`,
      () => `(${ring()} & ${word()})`,
      () => `(${word()} >> ${this.#shiftCount(depth - 1)})`,
      () => {
        const divisor = `((${word()} & ${random.pick(["0xffn", "0xffff_ffff_fff0n"])}) | 1n)`;
        return `(${word()} ${random.pick(["/", "%"])} ${divisor})`;
      },
      () => `(${this.#truth(depth - 1)} ? ${word()} : ${word()})`,
      () => `(${this.#target("bigint")} = ${word()})`,
      () => `(${this.#target("bigint")} ${random.pick(["|=", "^=", "&=", ">>="])} ${word()})`,
      () => `rotateLeft(${word()}, ${this.#number(depth - 1)})`,
      () => `BigInt(${this.#number(depth - 1)} >>> 0)`,
      () => `BigInt(${this.#truth(depth - 1)})`,
      () => `load64(${this.#address(depth - 1)})`,
      () => `CELL.base(${this.#record(depth - 1)})`,
      () => `apply(${random.pick(["twist", "turn", "handler"])}, ${this.#number(depth - 1)}, ${word()})`,
      () => `handler(${this.#number(depth - 1)}, ${word()}, ${word()})`,
      () => this.#call("bigint", depth) ?? word(),
    ];
    return random.pick(forms)();
  }

  /** Anything modulo 2^64. */
  #ring(depth: number): string {
    const random = this.#random;
    if (depth <= 0) return this.#word(0);
    const ring = (): string => this.#ring(depth - 1);
    const forms: (() => string)[] = [
      () => `(${ring()} ${random.pick(["+", "-", "*", "&", "|", "^"])} ${ring()})`,
      () => `(${ring()} << ${this.#shiftCount(depth - 1)})`,
      () => `(${random.pick(["~", "-"])}${ring()})`,
      () => `BigInt(${this.#number(depth - 1)})`,
      () => `BigInt.asIntN(${random.pick([8, 16, 32, 48, 64])}, ${ring()})`,
      () => this.#word(depth - 1),
    ];
    return random.pick(forms)();
  }

  #shiftCount(depth: number): string {
    const random = this.#random;
    if (random.chance(3)) return random.pick(["0n", "1n", "12n", "63n", "64n", "70n"]);
    return `(${this.#word(depth)} & ${random.pick(["63n", "63n", "127n"])})`;
  }

  #truth(depth: number): string {
    const random = this.#random;
    const comparison = random.pick(COMPARISONS);
    if (depth <= 0) {
      const kind = random.pick(["number", "bigint", "boolean"] as const);
      if (kind === "boolean") return this.#variable("boolean");
      return `(${this.#variable(kind)} ${comparison} ${this.#variable(kind)})`;
    }
    const truth = (): string => this.#truth(depth - 1);
    const forms: (() => string)[] = [
      () => `(${this.#number(depth - 1)} ${comparison} ${this.#number(depth - 1)})`,
      () => `(${this.#word(depth - 1)} ${comparison} ${this.#word(depth - 1)})`,
      () => `(${truth()} ${random.pick(["&&", "||"])} ${truth()})`,
      () => `!${random.pick([truth, () => `(${this.#word(depth - 1)})`, () => `(${this.#number(depth - 1)})`])()}`,
      () => `(${truth()} ${random.pick(["===", "!=="])} ${truth()})`,
      () => `(${this.#target("boolean")} = ${truth()})`,
      () => this.#call("boolean", depth) ?? truth(),
    ];
    return random.pick(forms)();
  }

  // ---- statements --------------------------------------------------------------------------------------------
  #block(depth: number): string {
    const outer = this.#variables.length;
    let text = "";
    for (let left = this.#random.below(3); left >= 0; left--) text += this.#statement(depth);
    this.#variables.length = outer;
    return text;
  }

  #test(): string {
    const random = this.#random;
    const kind = random.pick(["boolean", "boolean", "number", "bigint"] as const);
    const test = this.#expression(kind, this.#depth);
    return random.chance(3) ? `${test} ${random.pick(["&&", "||"])} ${this.#truth(1)}` : test;
  }

  #statement(depth: number): string {
    const random = this.#random;
    const simple: (() => string)[] = [
      () => `${this.#target("number")} = ${this.#number(this.#depth)} | 0;\n`,
      () => `${this.#target("number")} = ${this.#number(this.#depth)} % 1000003;\n`,
      () => `${this.#target("bigint")} = ${this.#word(this.#depth)};\n`,
      () => `${this.#target("boolean")} = ${this.#truth(this.#depth)};\n`,
      () => `${this.#target("bigint")} ${random.pick(["/=", "%=", ">>="])} (${this.#word(1)} | 1n);\n`,
      () => `${this.#target("number")} ${random.pick(["+=", "-="])} ${this.#number(1)} & 0xffff;\n`,
      () => `${this.#step()};\n`,
      () => `handler = ${random.pick(["twist", "turn"])};\n`,
      () => `store${random.pick([8, 16, 32])}(${this.#address(1)}, ${this.#number(1)});\n`,
      () => `store64(${this.#address(1)}, ${this.#word(1)});\n`,
      () => {
        const setter = random.pick(["setCount", "setLow", "setHigh", "setKind"]);
        return `CELL.${setter}(${this.#record(1)}, ${this.#number(1)});\n`;
      },
      () => `CELL.setBase(${this.#record(1)}, ${this.#word(1)});\n`,
      () => this.#jump(),
    ];
    if (depth <= 0) return random.pick(simple)();
    const compound: (() => string)[] = [
      () => `if (${this.#test()}) {\n${this.#block(depth - 1)}}\n`,
      () => `if (${this.#test()}) {\n${this.#block(depth - 1)}} else {\n${this.#block(depth - 1)}}\n`,
      () => this.#forLoop(depth),
      () => this.#whileLoop(depth),
      () => this.#switch(depth),
      () => this.#declaration(),
    ];
    return random.pick(random.chance(2) ? simple : compound)();
  }

  #jump(): string {
    if (this.#random.chance(5)) return `if (g0 > 100) return ${this.#expression(this.#result, 1)};\n`;
    if (this.#loops.length === 0) return "";
    return `if (${this.#truth(1)}) ${this.#random.pick(["break", "continue"])} ${this.#random.pick(this.#loops)};\n`;
  }

  #declaration(): string {
    const kind = this.#random.pick(["number", "bigint", "boolean"] as const);
    const value = this.#expression(kind, this.#depth);
    const name = `v${this.#names++}`;
    this.#variables.push({ name, kind, isFixed: false });
    return `let ${name}: ${kind} = ${value};\n`;
  }

  /** The statements of a loop: its counter is read but not written. */
  #loopBody(counter: string, kind: Kind, label: string, depth: number): string {
    this.#variables.push({ name: counter, kind, isFixed: true });
    this.#loops.push(label);
    const body = this.#block(depth - 1);
    this.#loops.pop();
    this.#variables = this.#variables.filter(({ name }) => name !== counter);
    return body;
  }

  #forLoop(depth: number): string {
    const isWord = this.#random.chance(2);
    const suffix = isWord ? "n" : "";
    const counter = `k${this.#names}`;
    const label = `l${this.#names++}`;
    const limit = 1 + this.#random.below(5);
    const body = this.#loopBody(counter, isWord ? "bigint" : "number", label, depth);
    return `${label}: for (let ${counter} = 0${suffix}; ${counter} < ${limit}${suffix}; ${counter}++) {\n${body}}\n`;
  }

  #whileLoop(depth: number): string {
    const counter = `k${this.#names}`;
    const label = `l${this.#names++}`;
    const test = this.#test();
    const body = `if (++${counter} > 4) break;\n${this.#loopBody(counter, "number", label, depth)}`;
    const start = `let ${counter} = 0;\n${label}: `;
    return start + (this.#random.chance(2) ? `do {\n${body}} while (${test});\n` : `while (${test}) {\n${body}}\n`);
  }

  #switch(depth: number): string {
    const isWord = this.#random.chance(2);
    const on = isWord ? `${this.#word(1)} & 3n` : `${this.#number(1)} & 3`;
    let text = `switch (${on}) {\n`;
    for (let i = 0; i < 4; i++) {
      const isLast = i === 3;
      if (!isLast && this.#random.chance(4)) text += `case ${i}${isWord ? "n" : ""}:\n`;
      else text += `${isLast ? "default" : `case ${i}${isWord ? "n" : ""}`}: {\n${this.#block(depth - 1)}break;\n}\n`;
    }
    return `${text}}\n`;
  }
}
