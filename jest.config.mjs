/** Tests run as CommonJS, in which jest can still replace nothing but what it is told to; swc only strips the types. */
export default {
  testEnvironment: "node",
  // Room for a busy machine, where a command takes ten seconds to start. Limits that are promised have tests of their own.
  testTimeout: 120_000,
  // More would stand in the way of those that hold times; one alone waits for starts and stops most of the time.
  maxWorkers: 2,
  testMatch: ["**/*.test.ts"],
  roots: [
    "<rootDir>/platform",
    "<rootDir>/services",
    "<rootDir>/gateway",
    "<rootDir>/deploy",
    "<rootDir>/test",
    "<rootDir>/docs",
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
