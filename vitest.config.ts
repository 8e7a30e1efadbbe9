import { defineConfig } from "vitest/config";
import { kernelChecked } from "./scripts/compile/vitest-plugin.ts";

export default defineConfig({
  plugins: [kernelChecked()],
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["tests/unit/**/*.test.ts"] } },
      { extends: true, test: { name: "model", include: ["tests/model/**/*.test.ts"] } },
      { extends: true, test: { name: "compile", include: ["tests/compile/**/*.test.ts"], testTimeout: 120_000 } },
      {
        extends: true,
        test: {
          name: "qemu",
          include: ["tests/qemu/**/*.test.ts"],
          pool: "forks",
          poolOptions: { forks: { singleFork: true } }, // one machine at a time: two cores
          testTimeout: 60_000,
        },
      },
    ],
  },
});
