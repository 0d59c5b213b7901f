// `npm run migrate`: creates the services' schemas, users, tables and rights on a MySQL server.
import { loadConfig } from "@medconnect/platform/config/config.ts";
import * as z from "zod";
import { runCommand } from "./command/command.ts";
import { provision, SCHEMA_PREFIX } from "./schemas/provision.ts";

const HELP = `Creates the schemas, users, tables and rights that the services need. Safe to repeat, and to run several times at once.

Usage: npm run migrate [-- --wait]

  --wait       Tries to reach the server for 60 s.
  -h, --help   Shows this.

Settings (NAME_FILE names a file that holds the value of NAME):
  MYSQL_URL                mysql://user:password@host:port of an administrator
  MYSQL_PREFIX             Prefix of schema and user names (${SCHEMA_PREFIX}).
  AUTH_DB_PASSWORD         Database password of each service.
  SCHEDULING_DB_PASSWORD
  CLINICAL_DB_PASSWORD
  BILLING_DB_PASSWORD

Exit codes: 0 the schemas are up to date, 1 the command failed
`;

const WAIT_MS = 60_000;

runCommand({
  name: "migrate",
  help: HELP,
  options: { wait: { type: "boolean", default: false } },
  run: async ({ wait }) => {
    const password = z.string().min(1);
    const config = loadConfig({
      MYSQL_URL: z.string(),
      MYSQL_PREFIX: z
        .string()
        .regex(/^[a-z0-9_]{1,20}$/, "must be at most 20 of a-z, 0-9 and _")
        .default(SCHEMA_PREFIX),
      AUTH_DB_PASSWORD: password,
      SCHEDULING_DB_PASSWORD: password,
      CLINICAL_DB_PASSWORD: password,
      BILLING_DB_PASSWORD: password,
    });
    const applied = await provision({
      adminUrl: config.MYSQL_URL,
      prefix: config.MYSQL_PREFIX,
      passwords: {
        auth: config.AUTH_DB_PASSWORD,
        scheduling: config.SCHEDULING_DB_PASSWORD,
        clinical: config.CLINICAL_DB_PASSWORD,
        billing: config.BILLING_DB_PASSWORD,
      },
      waitMs: wait ? WAIT_MS : 0,
    });
    for (const migration of applied) process.stdout.write(`applied ${migration}\n`);
    if (applied.length === 0) process.stdout.write("nothing to apply\n");
    return 0;
  },
});
