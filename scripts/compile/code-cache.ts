/**
 * The packages that the bundled compiler starts with, as one script, and what V8 compiled of them the last time: that
 * is most of the time to start. It lies beside the script and begins with a digest: V8 itself would take what belongs
 * to another script of the same length, and does not look for damage.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";

const DIGEST_BYTES = 32;
type Exports = Readonly<Record<string, unknown>>;
type Run = (exports: object, require: NodeJS.Require, module: object, file: string, directory: string) => void;

const loaded = new Map<string, Exports>();

/**
 * What the CommonJS script `file` exports; `id` is another for another text of it. If there is nothing that this
 * version of V8 can use, it is written when the program ends: all that has been compiled by then.
 */
export function loadCached(file: string, id: string): Exports {
  const exports = loaded.get(file) ?? load(file, id);
  loaded.set(file, exports);
  return exports;
}

function load(file: string, id: string): Exports {
  const text = readFileSync(file, "latin1"); // esbuild writes ASCII
  const cachedData = readCache(`${file}.cache`, id);
  const wrapped = `(function(exports,require,module,__filename,__dirname){${text}\n})`;
  const script = new Script(wrapped, { filename: file, ...(cachedData && { cachedData }) });
  const module = { exports: {} };
  (script.runInThisContext() as Run)(module.exports, createRequire(file), module, file, dirname(file));
  if (cachedData === undefined || script.cachedDataRejected === true) {
    process.once("exit", () => writeCache(`${file}.cache`, id, script.createCachedData()));
  }
  return module.exports;
}

/** Undefined if there is none, or it is not of that script. */
export function readCache(file: string, id: string): Buffer | undefined {
  if (!existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  const data = bytes.subarray(DIGEST_BYTES);
  return digestOf(id, data).equals(bytes.subarray(0, DIGEST_BYTES)) ? data : undefined;
}

export function writeCache(file: string, id: string, data: Buffer): void {
  const own = `${file}.${process.pid}`; // several may end at once
  writeFileSync(own, Buffer.concat([digestOf(id, data), data]));
  renameSync(own, file);
}

function digestOf(id: string, data: Uint8Array): Buffer {
  return createHash("sha256").update(`${id}\n`).update(data).digest();
}
