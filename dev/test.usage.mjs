export const usage = {
  name: "test",
  help: `Starts a throwaway MySQL, Redis and system on free ports, and runs the tests against them.

Usage: npm test [-- [--no-stack] [arguments of jest]]

  --no-stack   Starts only MySQL and Redis, for tests without the whole system.
  --coverage   Writes the coverage of all processes to .local/coverage. Without a path, every rules file must be covered.
  --help       Shows this.

Examples: npm test -- booking               Tests whose path contains "booking"
          npm test -- --no-stack migrate
`,
};
