import { fileURLToPath } from "node:url";

export const usage = /** @type {const} */ ({
  name: "trace",
  help: `Draws a trace of the system that npm start runs, or lists the newest traces.

Usage: npm run trace -- ID
       npm run trace [-- options]

ID is a trace id (x-trace-id), its first digits (the end of a request's line), or the requestId of an error.

  --route TEXT     Lists traces whose name contains the text, such as bookings.
  --status STATUS  Lists requests with this HTTP status: 409, or 4xx.
  --min-ms N       Lists traces that took at least N ms.
  --data-dir DIR   Data folder of the system, as for npm start (.local/data).
  -h, --help       Shows this.

Exit codes: 0 shown, 1 no such trace, or no system runs, 2 wrong arguments
`,
  options: {
    route: { type: "string" },
    status: { type: "string" },
    "min-ms": { type: "string" },
    "data-dir": { type: "string", default: fileURLToPath(new URL("../.local/data", import.meta.url)) },
  },
  allowPositionals: true,
  numbers: { "min-ms": 0 },
});
