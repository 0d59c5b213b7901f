/** Tests run as CommonJS, in which jest can still replace nothing but what it is told to; swc only strips the types. */
export default {
  testEnvironment: "node",
  // Room for a busy machine, where a command takes ten seconds to start. Limits that are promised have tests of their own.
  testTimeout: 120_000,
  // A worker uses half of a core, as it waits for other processes. More would make those late that promise times.
  maxWorkers: 3,
  testSequencer: "<rootDir>/jest.sequencer.mjs",
  // A worker's exit may take longer than jest's half second on a busy machine; an open handle keeps it for ever.
  workerGracefulExitTimeout: 10_000,
  testMatch: ["**/*.test.ts"],
  roots: [
    "<rootDir>/platform",
    "<rootDir>/services",
    "<rootDir>/gateway",
    "<rootDir>/topology",
    "<rootDir>/ops",
    "<rootDir>/deploy",
    "<rootDir>/dev",
    "<rootDir>/test",
    "<rootDir>/docs",
    "<rootDir>/bench",
  ],
  transform: {
    "^.+\\.[tj]s$": [
      "@swc/jest",
      {
        jsc: { target: "es2024", parser: { syntax: "typescript" } },
        module: { type: "commonjs" },
      },
    ],
  },
  // Parts of these are ESM only, which jest cannot load as it is.
  transformIgnorePatterns: [
    "/node_modules/(?!(@redocly|js-yaml|jose|otplib|@otplib|@scure|@noble|uuid|iso-3166)/)",
  ],
};
