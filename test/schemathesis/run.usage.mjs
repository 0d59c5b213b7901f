export const usage = /** @type {const} */ ({
  name: "test:schemathesis",
  help: `Sends generated requests to each operation of the OpenAPI document as a patient, a doctor and an admin, and
compares the answers with the document.

Usage: npm run test:schemathesis [-- options]

Needs Python 3.10 or newer. Skips the test if this machine cannot install Schemathesis.

  --max-examples N  Random requests per operation and role (40).
  --seed N          Seed of the random requests (1).
  --role NAME       Sends requests only as this role: patient, doctor or admin. Repeatable.
  -h, --help        Shows this.

Exit codes: 0 no findings or skipped, 1 findings, or the run failed, 2 wrong arguments
`,
  options: {
    "max-examples": { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    role: { type: "string", multiple: true },
  },
  numbers: { "max-examples": 1, seed: 0 },
});
