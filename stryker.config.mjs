// Stryker's settings for one rules file, whose path is in MUTATE. `test/mutation.ts` runs Stryker for each.
import { dirname } from "node:path";

const rules = process.env.MUTATE ?? "";

export default {
  mutate: [rules],
  testRunner: "jest",
  jest: {
    configFile: "jest.config.mjs",
    // Tests of use cases cover the rules as well, but need MySQL.
    config: {
      testMatch: [`<rootDir>/${dirname(rules)}/*.test.ts`],
      testPathIgnorePatterns: ["\\.int\\.test\\.ts$"],
    },
    enableFindRelatedTests: false,
  },
  coverageAnalysis: "perTest",
  concurrency: 1,
  reporters: ["json"],
  jsonReporter: { fileName: ".local/mutation/report.json" },
  tempDirName: ".local/stryker",
  // Stryker rewrites tsconfig.json with an API that TypeScript 7 does not have.
  ignorePatterns: ["/.local", "/dist", "/tsconfig.json"],
  cleanTempDir: "always",
  disableTypeChecks: false,
};
