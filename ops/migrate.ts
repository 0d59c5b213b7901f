// `npm run migrate`: creates the services' schemas, users, tables and rights on a MySQL server.
import { loadConfig } from "@medconnect/platform/config/config.ts";
import { runCommand } from "./command/command.ts";
import { provision } from "./schemas/provision.ts";
import {
  passwordSettings,
  passwordsOf,
  SERVER_HELP,
  serverSettings,
  serversOf,
} from "./settings/schema-servers.ts";

const HELP = `Creates the schemas, users, tables and rights that the services need. Safe to repeat, and to run several times at once.

Usage: npm run migrate [-- --wait]

  --wait       Tries to reach the server for 60 s.
  -h, --help   Shows this.

Settings (NAME_FILE names a file that holds the value of NAME):
${SERVER_HELP}  AUTH_DB_PASSWORD         Database password of each service.
  SCHEDULING_DB_PASSWORD
  CLINICAL_DB_PASSWORD
  BILLING_DB_PASSWORD

Exit codes: 0 the schemas are up to date, 1 the command failed, 2 wrong arguments
`;

const WAIT_MS = 60_000;

runCommand({
  name: "migrate",
  help: HELP,
  options: { wait: { type: "boolean", default: false } },
  run: async ({ wait }) => {
    const config = loadConfig({ ...serverSettings, ...passwordSettings });
    const applied = await provision({
      ...serversOf(config),
      passwords: passwordsOf(config),
      waitMs: wait ? WAIT_MS : 0,
    });
    for (const migration of applied) process.stdout.write(`applied ${migration}\n`);
    if (applied.length === 0) process.stdout.write("nothing to apply\n");
    return 0;
  },
});
