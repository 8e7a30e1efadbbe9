/**
 * The packages that the bundled compiler starts with, as one script, and what V8 compiled of them the last time: that
 * is half of the time to start. It lies beside the script and begins with a digest of both: V8 itself would take what
 * belongs to another script of the same length.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";

const DIGEST_BYTES = 32;
type Load = (exports: object, require: NodeJS.Require, module: object, file: string, directory: string) => void;

const loaded = new Map<string, Readonly<Record<string, unknown>>>();

/** What the CommonJS script `file` exports. */
export function loadCached(file: string): Readonly<Record<string, unknown>> {
  const exports = loaded.get(file) ?? load(file);
  loaded.set(file, exports);
  return exports;
}

/** What this version of Node cannot use is made again when the program ends. */
function load(file: string): Readonly<Record<string, unknown>> {
  const text = readFileSync(file, "latin1"); // a third faster than UTF-8; esbuild writes ASCII
  const cachedData = readCache(`${file}.cache`, text);
  const wrapped = `(function(exports,require,module,__filename,__dirname){${text}\n})`;
  const script = new Script(wrapped, { filename: file, ...(cachedData && { cachedData }) });
  const module = { exports: {} };
  (script.runInThisContext() as Load)(module.exports, createRequire(file), module, file, dirname(file));
  if (cachedData === undefined || script.cachedDataRejected === true) {
    process.once("exit", () => writeCache(`${file}.cache`, text, script.createCachedData()));
  }
  return module.exports;
}

function digestOf(text: string, data: Uint8Array): Buffer {
  return createHash("sha256").update(text, "latin1").update(data).digest();
}

function readCache(file: string, text: string): Buffer | undefined {
  if (!existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  const data = bytes.subarray(DIGEST_BYTES);
  return digestOf(text, data).equals(bytes.subarray(0, DIGEST_BYTES)) ? data : undefined;
}

function writeCache(file: string, text: string, data: Buffer): void {
  writeFileSync(`${file}.${process.pid}`, Buffer.concat([digestOf(text, data), data]));
  renameSync(`${file}.${process.pid}`, file);
}
