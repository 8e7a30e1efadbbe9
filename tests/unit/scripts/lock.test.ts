import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./sandbox.ts";

interface Package {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, Package>>;
};

/** Whether `name` is locked where Node looks for it from the package at `path`: there, or in a folder above. */
function isLocked(path: string, name: string): boolean {
  if (lock.packages[`${path === "" ? "" : `${path}/`}node_modules/${name}`] !== undefined) return true;
  return path !== "" && isLocked(path.slice(0, Math.max(0, path.lastIndexOf("/node_modules/"))), name);
}

test("every package that a locked one may install is locked too, also those for other systems", () => {
  // npm ci refuses a lock that lacks one. npm install forgets those that the registry does not answer for.
  const lacking = Object.entries(lock.packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !isLocked(path, name)),
  );
  expect(lacking).toEqual([]);
});

test("the lock says what is installed and not from where", () => {
  const said = Object.values(lock.packages).filter(({ resolved, link }) => resolved !== undefined && link !== true);
  expect(said).toEqual([]);
});
