import { fileURLToPath } from "node:url";

export const usage = /** @type {const} */ ({
  name: "clock",
  help: `Shows or advances business time in the system that npm start runs.

Usage: npm run clock -- show
       npm run clock -- advance DURATION

medconnect clock does the same.

Business time rules slots, holds, appointments, no-shows, cancellations, licences, payment authorizations and
prescriptions. Machine time rules sign-ins, tokens, limits and the audit trail, and does not move.

  advance DURATION  Moves business time forward by a duration such as 30m, 24h or 7d, at most 400d, and answers
                    when the jobs that became due have run. It moves forward only, and stays after a restart;
                    npm start -- --reset deletes it with all data.
  show              Shows both times.

  --json            Prints the answer as JSON.
  --data-dir DIR    Data folder of the system, as for npm start (.local/data).
  -h, --help        Shows this.

Exit codes: 0 done, 1 no system runs or a job failed, 2 wrong arguments
`,
  options: {
    json: { type: "boolean" },
    "data-dir": { type: "string", default: fileURLToPath(new URL("../.local/data", import.meta.url)) },
  },
  allowPositionals: true,
});
