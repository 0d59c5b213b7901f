export const usage = /** @type {const} */ ({
  name: "test:faults",
  help: `Injects faults into a throwaway system under load, and checks that no acknowledged change is lost.

Usage: npm run test:faults [-- options]

  --seed N          Seed of the random numbers; default: a random one.
  --rounds N        Kills of each process (50).
  --patients N      Concurrent patients (20).
  --scenario NAME   Runs only this scenario. Repeatable.
  --list            Lists the scenarios and their promises.
  --minutes N       Duration of the scenario churn (3).
  --short           Few rounds and short faults, as .ci/run does.
  -h, --help        Shows this.

Exit codes: 0 no violation, 1 violations, or the run failed, 2 wrong arguments
`,
  options: {
    seed: { type: "string" },
    rounds: { type: "string" },
    patients: { type: "string" },
    minutes: { type: "string" },
    scenario: { type: "string", multiple: true },
    list: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
  },
  numbers: { seed: 0, rounds: 0, patients: 0, minutes: 1 },
});
