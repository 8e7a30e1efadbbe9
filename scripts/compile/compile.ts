/** All steps from an entry file to Wasm. */
import { encode } from "./encode.ts";
import { CompileError } from "./errors.ts";
import { checkProgram, reachableProgram, refusalsOf, type LoweredProgram } from "./lower.ts";
import { generate } from "./porffor.ts";
import { loadProgram, type LoadOptions, type SourceProgram } from "./program.ts";
import { lowerSlots, type WasmModule } from "./slots.ts";

export interface Compiled extends LoweredProgram {
  readonly source: SourceProgram;
  readonly module: WasmModule;
  /** For wasm2c: nothing is exported, lines are marked. Encoded when it is asked for, as the other one. */
  readonly nativeWasm: Uint8Array;
  /** For a host that runs the module. */
  readonly hostWasm: Uint8Array;
}

/** The exports of `entry` and what they need. Throws a CompileError with every refusal. */
export function compileProgram(entry: string, options: LoadOptions = {}): Compiled {
  return compileLoaded(loadProgram([entry], options));
}

/** The same of a program that is loaded already; its first module is the entry. */
export function compileLoaded(source: SourceProgram): Compiled {
  const checked = checkProgram(source);
  const refusals = refusalsOf(source);
  if (refusals.length > 0) throw new CompileError(refusals);
  const program = reachableProgram(checked);
  const module = lowerSlots(generate(program.tree, program.doors));
  return {
    ...program,
    source,
    module,
    get nativeWasm() {
      return encode(program, module, { exports: false, lines: true });
    },
    get hostWasm() {
      return encode(program, module, { exports: true, lines: false });
    },
  };
}
