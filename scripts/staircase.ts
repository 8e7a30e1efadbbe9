/**
 * The staircase of rooms, from the ground up. A file imports from its own room or from lower rooms. `main.ts` stands
 * above all of them: it is the list of inits, and nothing imports it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** Folders of kernel/, lowest first. */
export const ROOMS = [
  "doors",
  "lib",
  "arch",
  "base",
  "dev",
  "mm/phys",
  "mm/slab",
  "mm/paging",
  "mm/heap",
  "mm/store",
  "mm/space",
  "mm/reclaim",
  "mm/fault",
  "mm/user",
  "ipc",
  "proc",
  "stats",
  "syscall",
  "console",
  "trap",
] as const;

const KERNEL = fileURLToPath(new URL("../kernel", import.meta.url));
const TOP = "main.ts";

/** An import, both ends relative to kernel/. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Files of kernel/, relative to it. */
export function kernelFiles(): string[] {
  const names = readdirSync(KERNEL, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).sort();
}

/** Every import of `file`, of types too: they are dependences. A path that leaves kernel/ begins with `..`. */
export function arrowsFrom(file: string, text = readFileSync(resolve(KERNEL, file), "utf8")): Arrow[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return importedFiles.map(({ fileName }) => ({ from: file, to: posix.join(dirname(file), fileName) }));
}

/** Its imports but for those of types alone: a record may have a field of a type that is made above it. */
export function valueArrowsFrom(file: string, text = readFileSync(resolve(KERNEL, file), "utf8")): Arrow[] {
  return arrowsFrom(file, text.replaceAll(/^import type [^;]*;/gm, ""));
}

/** Files that import each other, directly or by way of others: a path that ends where it begins, or null. */
export function circleIn(arrows: readonly Arrow[]): string[] | null {
  const targets = new Map<string, string[]>();
  for (const { from, to } of arrows) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of targets.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle !== null) return circle;
    }
    done.add(file);
    return null;
  };
  for (const file of targets.keys()) {
    const circle = visit(file, []);
    if (circle !== null) return circle;
  }
  return null;
}

/** The step on which a file stands; null when its folder is no room. */
export function stepOf(file: string): number | null {
  if (file === TOP) return ROOMS.length;
  const step = (ROOMS as readonly string[]).indexOf(posix.dirname(file));
  return step < 0 ? null : step;
}

/** What is wrong with an import, null when it goes down or stays. */
export function objectionTo({ from, to }: Arrow): string | null {
  const low = stepOf(to);
  const high = stepOf(from);
  if (high === null) return `kernel/${from} is in no room: add its folder to scripts/staircase.ts`;
  if (low === null) return `kernel/${from} imports ${to}, which is in no room of the kernel`;
  if (low > high) return `kernel/${from} imports ${to}, which is higher: answer, and let the higher room act`;
  return null;
}

/** One line a room: its step, its name, its files. */
export function drawing(files: readonly string[]): string {
  const lines = ROOMS.map((room, step) => {
    const names = files.filter((file) => stepOf(file) === step).map((file) => posix.basename(file, ".ts"));
    return `${String(step).padStart(2)} ${room.padEnd(12)} ${names.join(" ")}`.trimEnd();
  });
  return [...lines, `${ROOMS.length} ${TOP}`].join("\n");
}
