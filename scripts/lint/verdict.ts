/**
 * What the compiler says of one file as it stands in an editor, saved or not. The whole kernel is judged once, for who
 * lints all of it; after a change, the file alone with what it imports, in a fraction of a second.
 */
import { readFileSync } from "node:fs";
import type { Refusal } from "../compile/errors.ts";
import { checkProgram } from "../compile/lower.ts";
import { loadProgram } from "../compile/program.ts";

/** Refusals, and the texts that they are about. */
interface Verdict {
  readonly texts: ReadonlyMap<string, string>;
  readonly refusals: ReadonlyMap<string, readonly Refusal[]>;
}

const verdicts = new Map<"whole" | "last", Verdict>();

/** `file` is absolute; `text` is what stands in it. `whole` are the files to judge together, once a process. */
export function refusalsIn(file: string, text: string, whole: () => readonly string[]): readonly Refusal[] {
  const texts = new Map([[file, text]]);
  if (!verdicts.has("whole")) verdicts.set("whole", judge(whole(), texts));
  let verdict = [...verdicts.values()].find((each) => each.texts.has(file) && isOf(each, texts));
  if (verdict === undefined) verdicts.set("last", (verdict = judge([file], texts)));
  return verdict.refusals.get(file) ?? [];
}

function isOf(verdict: Verdict, unsaved: ReadonlyMap<string, string>): boolean {
  return [...verdict.texts].every(([file, text]) => (unsaved.get(file) ?? textOf(file)) === text);
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null; // removed since
  }
}

/** The refusals of the compiler's own: those of tsc are tsc's to show. */
function judge(roots: readonly string[], texts: ReadonlyMap<string, string>): Verdict {
  const program = loadProgram(roots, { texts });
  const { modules } = program;
  const ofTypes = modules.map(({ refusals }) => refusals.length);
  checkProgram(program);
  return {
    texts: new Map(modules.map((module) => [module.file, module.text])),
    refusals: new Map(modules.map(({ file, refusals }, i) => [file, refusals.slice(ofTypes[i])])),
  };
}
