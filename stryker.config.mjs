// `npm run test:mutation` changes the rule files in small ways, and expects that a unit test in the rule's
// folder fails. RULES=booking restricts the run to rule files whose path contains "booking".
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
    // Integration tests run the rules as well, but need MySQL, so they are excluded.
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
  // Excludes tsconfig.json, because Stryker rewrites it with an API that TypeScript 7 does not have.
  ignorePatterns: ["/.local", "/dist", "/tsconfig.json"],
  cleanTempDir: "always",
  disableTypeChecks: false,
};
