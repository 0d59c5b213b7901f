// `npm run test:mutation`: changes each rule, and expects that its own test fails. RULES=booking takes the rules whose path
// contains "booking".
import { existsSync, globSync } from "node:fs";

const testOf = (path) => path.replace(".ts", ".test.ts");
const rules = globSync("{platform,services,gateway}/**/*-rules.ts", { exclude: ["**/node_modules/**"] })
  .filter((path) => path.includes(process.env.RULES ?? ""))
  .filter((path) => existsSync(testOf(path)));

export default {
  mutate: rules,
  testRunner: "jest",
  jest: {
    configFile: "jest.config.mjs",
    config: { testMatch: rules.map((path) => `<rootDir>/${testOf(path)}`) },
    // Tests of use cases cover the rules as well, but need MySQL.
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
