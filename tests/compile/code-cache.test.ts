import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadCached, readCache, writeCache } from "../../scripts/compile/code-cache.ts";
import { withFolder } from "../folder.ts";

test("what V8 compiled is taken for the script that it came from, whole, and for nothing else", () => {
  withFolder((folder) => {
    const file = join(folder, "cache");
    const data = Buffer.from("compiled");
    expect(readCache(file, "a")).toBeUndefined();
    writeCache(file, "a", data);
    expect(readCache(file, "a")).toEqual(data);
    expect(readCache(file, "b")).toBeUndefined();
    const bytes = readFileSync(file);
    for (const spoilt of [Buffer.alloc(0), bytes.subarray(0, -1), Buffer.concat([bytes, data]), Buffer.alloc(99)]) {
      writeFileSync(file, spoilt);
      expect(readCache(file, "a")).toBeUndefined();
    }
  });
});

test("a script is run once, with what V8 cannot use as without", () => {
  withFolder((folder) => {
    const file = join(folder, "script.cjs");
    writeFileSync(file, "globalThis.runs = (globalThis.runs ?? 0) + 1; exports.answer = () => 42;");
    writeCache(`${file}.cache`, "id", Buffer.from("no code of V8's"));
    const first = loadCached(file, "id");
    expect((first["answer"] as () => number)()).toBe(42);
    expect(loadCached(file, "id")).toBe(first);
    expect((globalThis as { runs?: number }).runs).toBe(1);
    process.removeListener("exit", process.listeners("exit").at(-1)!); // it would write to a folder that is gone
  });
});
