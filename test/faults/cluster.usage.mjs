export const usage = /** @type {const} */ ({
  name: "test:cluster",
  help: `Kills the primary of a MySQL cluster under load, and checks that no acknowledged change is lost.

Usage: npm run test:cluster [-- options]

Starts three MySQL servers in a group behind MySQL Router, and a throwaway system on them. After each kill, the server
rejoins the group.

  --seed N         Seed of the random numbers; default: a random one.
  --rounds N       Kills of the primary (3).
  --patients N     Concurrent patients (20).
  -h, --help       Shows this.

Exit codes: 0 no violation, 1 violations, or the run failed, 2 wrong arguments
`,
  options: {
    seed: { type: "string" },
    rounds: { type: "string", default: "3" },
    patients: { type: "string", default: "20" },
  },
  numbers: { seed: 0, rounds: 0, patients: 0 },
});
