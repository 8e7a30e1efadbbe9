/** The parts of Porffor 0.61.13 that the compiler uses; it comes without types. */
declare module "porffor/compiler/codegen.js" {
  export interface PorfforFunction {
    readonly name: string;
    readonly index: number;
    /** Value types; each value is followed by the type of its JavaScript type. */
    readonly params: readonly number[];
    readonly returns: readonly number[];
    readonly locals: Readonly<Record<string, { readonly idx: number; readonly type: number }>>;
    readonly wasm: readonly (readonly [opcode: number | string | null, ...operands: unknown[]])[];
    /** A run-time function of Porffor's own. */
    readonly internal?: boolean;
    /** A wrapper for calls through a table. */
    readonly indirect?: boolean;
  }
  export interface PorfforModule {
    readonly funcs: readonly PorfforFunction[];
    readonly globals: Readonly<Record<string, { readonly idx: number }>>;
  }
  export default function codegen(program: object): PorfforModule;
}
declare module "porffor/compiler/builtins.js" {
  export function setImports(): void;
  export function createImport(name: string, params: number, results: number): void;
}
declare module "porffor/compiler/expression.js" {
  export const operatorOpcode: { readonly f64: Record<string, number> };
}
