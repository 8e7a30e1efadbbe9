/** A folder of a test's own, which is gone afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function withFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "palimpsest-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
