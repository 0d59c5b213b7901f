export const usage = /** @type {const} */ ({
  name: "test:generators",
  help: `Makes clients from the OpenAPI document with public generators, and books an appointment with each.

Usage: npm run test:generators

Leaves out the Python client if this machine cannot install its generator. Takes half a minute.

  -h, --help  Shows this.

Exit codes: 0 every client booked, 1 one did not, 2 wrong arguments
`,
  options: {},
});
