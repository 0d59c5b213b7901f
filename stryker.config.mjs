// `npm run test:mutation`: changes each rule, and expects that a unit test of its folder fails. RULES=booking
// takes the rules whose path contains "booking".
import { globSync } from "node:fs";
import { dirname } from "node:path";

const rules = globSync("{platform,services,gateway}/**/*-rules.ts", {
  exclude: ["**/node_modules/**"],
}).filter((path) => path.includes(process.env.RULES ?? ""));
const folders = [...new Set(rules.map(dirname))];

export default {
  mutate: rules,
  testRunner: "jest",
  jest: {
    configFile: "jest.config.mjs",
    // Tests of use cases cover the rules as well, but need MySQL.
    config: {
      testMatch: folders.map((folder) => `<rootDir>/${folder}/*.test.ts`),
      testPathIgnorePatterns: ["\\.int\\.test\\.ts$"],
    },
    enableFindRelatedTests: false,
  },
  coverageAnalysis: "perTest",
  concurrency: 1,
  thresholds: { high: 95, low: 90, break: 90 },
  reporters: ["clear-text", "html", "json"],
  clearTextReporter: { allowColor: false, logTests: false, allowEmojis: false },
  htmlReporter: { fileName: ".local/mutation/report.html" },
  jsonReporter: { fileName: ".local/mutation/report.json" },
  tempDirName: ".local/stryker",
  // Stryker rewrites tsconfig.json with an API that TypeScript 7 does not have.
  ignorePatterns: ["/.local", "/dist", "/tsconfig.json"],
  cleanTempDir: "always",
  disableTypeChecks: false,
};
