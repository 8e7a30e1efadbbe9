/**
 * The C of a program in several files, one for each folder of modules, so that what did not change is not compiled
 * again. A file has only what its functions need, and is the same as long as they are. What is small and called from
 * another file stands in both, there for inlining alone (GNU C's `extern inline`): a call costs what it costs in one
 * file.
 */
import { dirname } from "node:path";
import {
  doorBody,
  functionName,
  prototype,
  staticBytes,
  stringLiteral,
  variable,
  variableName,
} from "./glue.ts";
import { MODULE_NAME } from "./encode.ts";
import type { Whole, WholeFunction } from "./whole.ts";
import { kindType } from "./typed.ts";

/** Instructions of Wasm up to which a function goes where it is called: the C compiler decides by its own measure. */
const SMALL = 80;

export interface Unit {
  readonly name: string;
  readonly code: string;
  /** Those of which it has the code. */
  readonly functions: readonly WholeFunction[];
}

export interface UnitOptions {
  /** As #include sees them from the unit. */
  readonly doors: string;
  readonly preamble: string;
  readonly prefix: string;
}

export function unitsOf(whole: Whole, options: UnitOptions): Unit[] {
  const parts = [...whole.functions.values(), ...whole.variables.values(), ...whole.statics.values()];
  const names = [...new Set(parts.map(({ path }) => unitName(path)))];
  const made = names.map((name) => new UnitMaker(whole, name));
  const foreign = new Set(made.flatMap((unit) => unit.foreign()));
  return made.map((unit) => unit.make(foreign, options));
}

/** kernel/mm/heap/block.ts is in kernel-mm-heap. */
function unitName(path: string): string {
  return dirname(path).replaceAll(/[^a-z0-9]+/gi, "-");
}

class UnitMaker {
  readonly #whole: Whole;
  readonly #name: string;
  readonly #own: readonly WholeFunction[];
  readonly #inlined: readonly WholeFunction[];
  readonly #called: readonly WholeFunction[];

  constructor(whole: Whole, name: string) {
    this.#whole = whole;
    this.#name = name;
    this.#own = [...whole.functions.values()].filter((fn) => this.#isHere(fn));
    const seen = new Set(this.#own);
    for (const fn of seen) { // grows on the way
      if (this.#hasCode(fn)) fn.calls.forEach((symbol) => seen.add(whole.functions.get(symbol)!));
    }
    const others = [...seen].filter((fn) => !this.#isHere(fn)).sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
    this.#inlined = others.filter((fn) => this.#hasCode(fn));
    const inits = [...whole.variables.values()].filter((each) => this.#isHere(each)).flatMap(({ init }) => {
      return typeof init === "string" && !seen.has(whole.functions.get(init)!) ? [whole.functions.get(init)!] : [];
    });
    this.#called = [...others.filter((fn) => !this.#hasCode(fn)), ...inits];
  }

  #isHere({ path }: { readonly path: string }): boolean {
    return unitName(path) === this.#name;
  }

  #hasCode(fn: WholeFunction): boolean {
    return this.#isHere(fn) || (!fn.isCold && fn.result !== "never" && fn.size <= SMALL);
  }

  /** Symbols of functions, variables and static bytes that are used here and are another unit's. */
  foreign(): string[] {
    const { variables, statics } = this.#used();
    const all = [...this.#inlined, ...this.#called, ...variables, ...statics];
    return all.filter((each) => !this.#isHere(each)).map(({ symbol }) => symbol);
  }

  #used(foreign: ReadonlySet<string> = new Set()) {
    const code = [...this.#own, ...this.#inlined];
    const doors = new Map(code.flatMap((fn) => fn.doors).map((door) => [door.name, door]));
    const symbols = new Set(code.flatMap((fn) => fn.variables));
    const statics = new Set([...doors.values()].flatMap(({ role }) => (role?.of === "static" ? [role.symbol] : [])));
    return {
      doors: [...doors.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      variables: [...this.#whole.variables.values()].filter((each) => this.#isHere(each) || symbols.has(each.symbol)),
      statics: [...this.#whole.statics.values()].filter((each) => {
        return statics.has(each.symbol) || (this.#isHere(each) && foreign.has(each.symbol));
      }),
    };
  }

  /** `foreign`: what other units use of any unit. */
  make(foreign: ReadonlySet<string>, { doors: doorsFile, preamble, prefix }: UnitOptions): Unit {
    const { doors, variables, statics } = this.#used(foreign);
    const ownExports = this.#whole.exports.filter(({ symbol }) => this.#own.some((fn) => fn.symbol === symbol));
    const isExported = new Set(ownExports.map(({ symbol }) => symbol));
    const storage = (symbol: string): string => (foreign.has(symbol) || isExported.has(symbol) ? "" : "static ");
    const inlined = this.#inlined.map((fn) => `${INLINED} ${prototype(fn)};`);
    const all = [...this.#own, ...this.#inlined, ...this.#called];
    const code = [
      "// Generated: functions from wasm2c, with the doors, data and names that they need.",
      '#include "wasm-rt.h"',
      "struct w2c_env;",
      `#include "${doorsFile}"`,
      '#include "kinds.h"',
      '#include "traps.h"',
      `typedef struct { struct w2c_env *w2c_env_instance; } w2c_${MODULE_NAME};`,
      `static w2c_${MODULE_NAME} statics;`,
      `static w2c_${MODULE_NAME} *const instance = &statics;`,
      `#include "${preamble}"`,
      ...doors.flatMap(stringLiteral),
      ...statics.map((each) => `${this.#isHere(each) ? storage(each.symbol) : "extern "}${staticBytes(each)};`),
      ...this.#own.map((fn) => `${storage(fn.symbol)}${prototype(fn)};`),
      ...inlined,
      ...this.#called.map((fn) => `${this.#isHere(fn) ? storage(fn.symbol) : "extern "}${prototype(fn)};`),
      ...doors.flatMap(doorBody),
      ...all.map(({ symbol }) => functionName(symbol)),
      ...variables.map(({ symbol }) => variableName(symbol)),
      ...variables.map((each) => {
        const { symbol, kind } = each;
        return this.#isHere(each) ? `${storage(symbol)}${variable(each)};` : `extern ${kindType(kind)} ${symbol};`;
      }),
      ...ownExports.flatMap(({ name, symbol }) => exportedAs(symbol, `${prefix}${name}`)),
      ...this.#own.map((fn) => fn.code),
      ...this.#inlined.map((fn) => fn.code.replace(HEAD, `$1${INLINED} `)),
    ];
    return { name: this.#name, code: `${code.join("\n")}\n`, functions: all };
  }
}

const INLINED = "extern inline __attribute__((gnu_inline))";
/** Up to the first line of a function, behind the line that says where it is from. */
const HEAD = /^((?:#line .*\n)?)/;

function exportedAs(symbol: string, name: string): string[] {
  return name === symbol ? [] : [`__asm__(".globl ${name}\\n.set ${name}, ${symbol}");`];
}
