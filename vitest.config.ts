import { defineConfig } from "vitest/config";
import { kernelChecked } from "./scripts/compile/vitest-plugin.ts";
import { kernelMutants } from "./tests/mutants.ts";

export default defineConfig({
  plugins: [kernelChecked(), kernelMutants()],
  test: {
    setupFiles: ["./scripts/test/turn.ts"],
    projects: [
      // Long limits: nothing here is timed, and a busy machine is no failure.
      { extends: true, test: { name: "unit", include: ["tests/unit/**/*.test.ts"], testTimeout: 120_000 } },
      { extends: true, test: { name: "model", include: ["tests/model/**/*.test.ts"] } },
      { extends: true, test: { name: "compile", include: ["tests/compile/**/*.test.ts"], testTimeout: 120_000 } },
      {
        extends: true,
        test: {
          name: "hosted",
          include: ["tests/hosted/**/*.test.ts"],
          globalSetup: "tests/hosted/global-setup.ts",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "qemu",
          include: ["tests/qemu/**/*.test.ts"],
          pool: "forks",
          poolOptions: { forks: { singleFork: true } }, // one machine at a time: two cores
          retry: 2, // on a busy machine the serial line of QEMU has been seen to stall for a minute, in mid-word
          testTimeout: 60_000,
          hookTimeout: 120_000, // it may wait for a build
        },
      },
    ],
  },
});
