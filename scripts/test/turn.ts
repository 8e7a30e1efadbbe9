/**
 * After each test the worker's event loop goes round. Tests that start compilers do not wait for anything, and vitest
 * takes a worker that has not read its answers for a minute for dead: on a busy machine a file takes that long.
 */
import { afterEach } from "vitest";

afterEach(async () => {
  // The first one may come before messages are read, the second one comes after.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
});
