/**
 * Kernels that are wrong on purpose: what the tests must find. `import("./x.ts?mutant=NAME")` gives module x over a
 * kernel of its own, in which one place reads otherwise. (The machine is the same one.)
 */
import { resolve } from "node:path";
import type { Plugin } from "vite";
import { REPOSITORY } from "../scripts/compile/errors.ts";

interface Mutant {
  /** In kernel/. */
  readonly file: string;
  /** What stands there once, and what stands there instead, as JavaScript. */
  readonly from: string;
  readonly to: string;
}

const FLUSHES = `    if (isTooMuch)
        payAtOnce();
    else
        for (let i = 0; i < debtCount; ($t = i++, $n(i), $t))
            debtPay(debtAt(i));
`;
const TABLES = `    if (deadTables !== NO_FRAME)
        deadTablesGive();
`;

/** Each forgets a flush, or a part of one. */
export const FORGOTTEN = {
  "an unmap that owes no flush": {
    file: "mm/paging/unmap.ts", from: "flushOwe(root, page, count, level, leavesBits());", to: "",
  },
  "a protect that owes no flush": {
    file: "mm/paging/protect.ts", from: "flushOwe(root, page, here, level, $u(leavesBits() | flags));", to: "",
  },
  "a split that owes no flush": {
    file: "mm/paging/split.ts", from: "flushOwe(root, page, 1, level, leaf);", to: "",
  },
  "a join that owes no flush": {
    file: "mm/paging/split.ts", from: "flushOwe(root, page, TABLE_ENTRIES, $n(level - 1), first);", to: "",
  },
  "global pages flushed by loading CR3": {
    file: "mm/paging/flush.ts", from: "flushAll();\n    else\n", to: "flushSpace();\n    else\n",
  },
  "a page of the kernel half that is nobody's business in another space": {
    file: "mm/paging/flush.ts", from: "else if (page < KERNEL_HALF && !isCurrent(root))",
    to: "else if (!isCurrent(root))",
  },
  "large pages flushed one small page after the other": {
    file: "mm/paging/flush.ts", from: "$n(i * step)", to: "i",
  },
  "tables that are free before the flush": {
    file: "mm/paging/flush.ts", from: FLUSHES + TABLES, to: TABLES + FLUSHES,
  },
  "tables that are free as soon as nothing leads to them": {
    file: "mm/paging/flush.ts", from: "frameNextSet(table, deadTables);\n    deadTables = table;",
    to: "frameGive(table);",
  },
  "a cursor that stays at a table out of use": {
    file: "mm/paging/unmap.ts",
    from: "tableEntriesAdd(entryTable(above), -1);\n        if (at === 2)\n            cursorForget(page);",
    to: "tableEntriesAdd(entryTable(above), -1);",
  },
} as const satisfies Record<string, Mutant>;

const MUTANTS: Readonly<Record<string, Mutant>> = FORGOTTEN;
const KERNEL = resolve(REPOSITORY, "kernel");
/** Modules of the tests that have a kernel of their own then. */
const WITH_KERNEL = ["tests/fake/booted.ts"].map((file) => resolve(REPOSITORY, file));

/** To stand behind the plugin that makes JavaScript of the kernel. */
export function kernelMutants(): Plugin {
  return {
    name: "kernel-mutants",
    enforce: "pre",
    async resolveId(source, importer, options) {
      const query = queryOf(importer ?? "");
      if (query === undefined || source.endsWith("/machine.ts")) return null;
      const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
      if (resolved === null || resolved.id.includes("?")) return resolved;
      const isKernels = resolved.id.startsWith(`${KERNEL}/`) || WITH_KERNEL.includes(resolved.id);
      return isKernels ? `${resolved.id}?${query}` : resolved;
    },
    transform(code, id) {
      const query = queryOf(id);
      const mutant = query === undefined ? undefined : MUTANTS[decodeURIComponent(query.slice("mutant=".length))];
      if (mutant === undefined || id.split("?")[0] !== resolve(KERNEL, mutant.file)) return null;
      if (code.split(mutant.from).length !== 2) throw new Error(`${mutant.file} has not once:\n${mutant.from}`);
      return { code: code.replace(mutant.from, () => mutant.to), map: null };
    },
  };
}

function queryOf(id: string): string | undefined {
  return /\?(mutant=.*)$/.exec(id)?.[1];
}
