/** Tests run as CommonJS, whose modules jest can mock. swc only strips the types. */
export default {
  testEnvironment: "node",
  // A command takes up to ten seconds to start on a busy machine. Promised limits have their own assertions.
  testTimeout: 120_000,
  // A worker uses half a core, because it waits for other processes. More workers would delay timed
  // processes.
  maxWorkers: 3,
  testSequencer: "<rootDir>/jest.sequencer.mjs",
  // A worker's exit may take longer than jest's default of 0.5 s on a busy machine.
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
  // These have ESM-only parts, which need the transform.
  transformIgnorePatterns: [
    "/node_modules/(?!(@redocly|js-yaml|jose|otplib|@otplib|@scure|@noble|uuid|iso-3166)/)",
  ],
};
