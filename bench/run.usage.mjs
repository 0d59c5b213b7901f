export const usage = /** @type {const} */ ({
  name: "bench",
  help: `Compares MedConnect with a monolith: CPU time per operation, rate, latency, memory and start.

Usage: npm run bench [-- options]

Starts MedConnect and the reference (an Express process, bench/reference) on private MySQL and Redis servers. Turns of
load alternate: MedConnect, reference, MedConnect. If MedConnect's two turns differ by more than 5 %, the machine is too
noisy for a conclusion. Takes about a quarter of an hour; nothing else should run meanwhile.

  --full        Adds paid bookings, search, tracing, and memory after 100,000 calls, in more rounds (about 45 minutes).
  --sizes       Only bookings in tables of 5 million bookings and slots against small ones (about an hour).
  --rows N      Rows for --sizes (5000000).
  --only A,B    Only these contests, without the start: book-16, book-64, book-1, list, pay, search, tracing-book,
                tracing-list, sizes.
  --rounds N    Rounds of each contest (3; 5 with --full).
  --seconds N   Length of a turn (4).
  --relaxed     MySQL does not sync each commit to disk, as in the tests.
  --json FILE   Also writes all figures to a file.
  -h, --help    Shows this.

Exit codes: 0 measured, 1 bookings were incomplete, or the measurement failed, 2 wrong arguments, 130 stopped
`,
  options: {
    full: { type: "boolean", default: false },
    sizes: { type: "boolean", default: false },
    rows: { type: "string", default: "5000000" },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
    seconds: { type: "string", default: "4" },
    relaxed: { type: "boolean", default: false },
    json: { type: "string" },
  },
  numbers: { rows: 1, rounds: 1, seconds: 1 },
});
