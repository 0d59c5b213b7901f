/** Tests run as CommonJS, because jest can mock CommonJS modules. swc only strips the types. */
export default {
  testEnvironment: "node",
  // By default the cache is in TMPDIR, which `npm test` deletes.
  cacheDirectory: "<rootDir>/.local/jest",
  // A command takes up to ten seconds to start on a busy machine. Tests of time limits assert the limits
  // themselves.
  testTimeout: 120_000,
  // A worker uses half a core, because it mostly waits for other processes. More workers would slow down the
  // processes whose response times are tested.
  maxWorkers: 3,
  testSequencer: "<rootDir>/jest.sequencer.mjs",
  // On a busy machine, a worker may take longer to exit than jest's default of 0.5 s.
  workerGracefulExitTimeout: 10_000,
  testMatch: ["**/*.test.ts"],
  roots: [
    "<rootDir>/platform",
    "<rootDir>/services",
    "<rootDir>/console",
    "<rootDir>/gateway",
    "<rootDir>/clients",
    "<rootDir>/topology",
    "<rootDir>/ops",
    "<rootDir>/deploy",
    "<rootDir>/dev",
    "<rootDir>/test",
    "<rootDir>/docs",
    "<rootDir>/bench",
  ],
  transform: {
    "^.+\\.m?[tj]s$": [
      "@swc/jest",
      {
        jsc: { target: "es2024", parser: { syntax: "typescript" } },
        module: { type: "commonjs" },
      },
    ],
  },
  // Parts of these packages are ES modules only, so they need the transform to CommonJS.
  transformIgnorePatterns: [
    "/node_modules/(?!(@redocly|js-yaml|jose|oauth4webapi|otplib|@otplib|@scure|@noble|uuid|iso-3166|marked|temporal-polyfill|temporal-utils)/)",
  ],
};
