/**
 * Step 3: Porffor's code generator, in its default f64 mode. It is not modified: four operators that f64 does not have
 * are given to it as i64 opcodes, and slots.ts renames the rest. It reads its flags from process.argv while it loads.
 */
import { INTRINSICS } from "./intrinsics.ts";
import { isVoid } from "./kinds.ts";
import { doorName, type Node } from "./nodes.ts";
import { F64, Op } from "./opcodes.ts";
import type { Door } from "./scope.ts";
import type { PorfforModule } from "porffor/compiler/codegen.js";

export type { PorfforFunction, PorfforModule } from "porffor/compiler/codegen.js";

/** What an imported function of the generated code stands for, by its index. */
export type Import =
  | { readonly is: "intrinsic"; readonly name: keyof typeof INTRINSICS }
  | { readonly is: "door"; readonly door: Door };

export interface Generated {
  readonly module: PorfforModule;
  readonly imports: readonly Import[];
}

const FLAGS = ["--module", "--parse-types", "--opt-types", "--unroll-threshold=0", "--no-closures"];
const porffor = await loadPorffor();

/** Machine code for the tree of lower.ts, still in f64. */
export function generate(tree: Node, doors: readonly Door[]): Generated {
  const intrinsics = Object.keys(INTRINSICS) as (keyof typeof INTRINSICS)[];
  porffor.setImports();
  for (const name of intrinsics) porffor.createImport(name, INTRINSICS[name].operands, INTRINSICS[name].results);
  for (const door of doors) porffor.createImport(doorName(door.name), door.params.length, isVoid(door.result) ? 0 : 1);
  const imports = [
    ...intrinsics.map((name) => ({ is: "intrinsic", name }) as const),
    ...doors.map((door) => ({ is: "door", door }) as const),
  ];
  return { module: porffor.codegen(unshared(tree)), imports };
}

/**
 * The same tree with every node once. Porffor keeps the code of a node that it has seen, and goes on writing to it: a
 * node that stood in two places, the value of a constant, would get the code of both.
 */
function unshared<T>(tree: T): T {
  const seen = new Set<object>();
  const once = <P>(part: P): P => {
    if (typeof part !== "object" || part === null) return part;
    if (Array.isArray(part)) return part.map(once) as P;
    const node = part as P & object;
    const copy = seen.has(node) ? { ...node } : node;
    seen.add(node);
    for (const [key, value] of Object.entries(copy)) (copy as Record<string, unknown>)[key] = once(value);
    return copy;
  };
  return once(tree);
}

async function loadPorffor() {
  const argv = process.argv;
  process.argv = [...argv.slice(0, 2), ...FLAGS];
  Object.assign(globalThis, { valtype: "f64", valtypeBinary: F64, pageSize: 65536 / 4 });
  const { operatorOpcode } = await import("porffor/compiler/expression.js");
  const { setImports, createImport } = await import("porffor/compiler/builtins.js");
  const { default: codegen } = await import("porffor/compiler/codegen.js");
  process.argv = argv;
  Object.assign(operatorOpcode.f64, {
    "/": Op.i64DivS,
    "%": Op.i64RemS,
    "&": Op.i64And,
    "|": Op.i64Or,
    "^": Op.i64Xor,
    "<<": Op.i64Shl,
    ">>": Op.i64ShrS,
    ">>>": Op.i64ShrU,
  });
  return { setImports, createImport, codegen };
}
