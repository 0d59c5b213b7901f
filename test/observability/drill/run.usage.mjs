export const usage = /** @type {const} */ ({
  name: "drill",
  help: `Slows billing's database by 300 ms in a throwaway system under load, and leads from the alert to the statement.

Usage: npm run drill [-- options]

docs/runbooks.md tells the steps. Prometheus runs with our rules, all durations divided by 20, and pages draw the
dashboards in place of Grafana. After two minutes, the alerts fire, and the addresses of the pages are printed. Ctrl-C
ends the fault; once the alerts have ended, the system stops.
Prometheus comes from PATH, or from the packages of Debian or Ubuntu. Needs no Docker.

  --screenshots  Takes the pictures in docs/images, and ends the fault then; needs Chromium, or CHROME_PATH.
  -h, --help     Shows this.

Exit codes: 0 the alerts fired and ended, and a trace shows the statement; 1 they did not, or the run failed; 2 wrong arguments
`,
  options: {
    screenshots: { type: "boolean", default: false },
  },
});
