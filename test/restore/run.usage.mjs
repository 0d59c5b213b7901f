export const usage = /** @type {const} */ ({
  name: "test:restore",
  help: `Backs up a throwaway system under load, destroys data, and restores two moments on another server: one in mid-load,
and the end of the load.

Usage: npm run test:restore [-- options]

Checks that nothing acknowledged before a moment is lost and nothing after it is there, that all sessions have ended,
that nothing is sent outside before confirm, and that ledger, audit trails and bookings agree.

  --seed N       Seed of the random numbers; default: a random one.
  --patients N   Concurrent patients (20).
  --seconds N    Duration of each phase of the load (15).
  -h, --help     Shows this.

Exit codes: 0 no violation, 1 violations, or the run failed, 2 wrong arguments
`,
  options: {
    seed: { type: "string" },
    patients: { type: "string" },
    seconds: { type: "string" },
  },
  numbers: { seed: 0, patients: 1, seconds: 1 },
});
