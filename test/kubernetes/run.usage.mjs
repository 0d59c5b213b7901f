export const usage = /** @type {const} */ ({
  name: "test:kubernetes",
  help: `Renders the overlays of deploy/kubernetes, decodes each object strictly into Kubernetes' types, and runs the
migration and each process with exactly the environment that its pod would have.

Usage: npm run test:kubernetes

Needs Go. Without it, the test is skipped and says so. Takes half a minute, and two minutes at the first time.

  -h, --help  Shows this.

Exit codes: 0 every overlay is valid and every process starts, or Go is missing; 1 otherwise; 2 wrong arguments
`,
  options: {},
});
