export const usage = /** @type {const} */ ({
  name: "test:compose",
  help: `Builds, starts, tests and deletes the Docker Compose stack, with a name, secrets and ports of its own.

Usage: npm run test:compose

Needs Docker, and takes some minutes.

  -h, --help  Shows this.
`,
  options: {},
});
