import { fileURLToPath } from "node:url";

export const usage = /** @type {const} */ ({
  name: "demo",
  help: `Walks through the system that npm start runs, and prints every request and response.

Usage: npm run demo [-- options]

Shows registration, login with a second factor, a doctor's profile and slots, a booking and its payment, the
consultation, a prescription, and the admin's view. Stops at the first unexpected response.

  --url URL        URL of the gateway (from stack.json in the data folder).
  --data-dir DIR   Data folder of the system, as for npm start (.local/data).
  -h, --help       Shows this.

Exit codes: 0 every response was as expected, 1 one was not, or no system runs, 2 wrong arguments
`,
  options: {
    url: { type: "string" },
    "data-dir": { type: "string", default: fileURLToPath(new URL("../.local/data", import.meta.url)) },
  },
});
