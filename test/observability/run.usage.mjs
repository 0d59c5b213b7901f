export const usage = /** @type {const} */ ({
  name: "test:observability",
  help: `Runs Prometheus over a throwaway system under load, and checks dashboards and alerts.

Usage: npm run test:observability [-- options]

Every query of the dashboards and every expression of the alerts returns data. Each alert that waits for five minutes
at most fires by the fault that it is for, and ends after it. All durations of the rules are divided by 20 for this.
Prometheus comes from PATH, or from the packages of Debian or Ubuntu. Takes about ten minutes.

  --alert NAME   Brings about only the faults for this alert. Repeatable.
  --short        Only the faults without which dashboards are empty, as .ci/run does.
  -h, --help     Shows this.

Exit codes: 0 all is as it should be, 1 it is not, or the run failed, 2 wrong arguments
`,
  options: {
    alert: { type: "string", multiple: true },
    short: { type: "boolean", default: false },
  },
});
