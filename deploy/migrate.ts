// `npm run migrate`: makes the services' schemas, users, tables and rights on a MySQL server.
import { parseArgs } from "node:util";
import { loadConfig } from "@medconnect/platform/config.ts";
import * as z from "zod";
import { provision, SCHEMA_PREFIX } from "./provision.ts";
import { runCommand, SetupError } from "./setup-error.ts";

const HELP = `Usage: npm run migrate [-- --wait]

Makes the schemas, users, tables and rights that the services need; safe to run again, and by several at once.

  --wait   keep trying for 60 s to reach the server
  --help   show this

Environment (each also as NAME_FILE, the name of a file that holds the value):
  MYSQL_URL                mysql://user:password@host:port of an administrator
  MYSQL_PREFIX             what the schemas' and users' names begin with (${SCHEMA_PREFIX})
  AUTH_DB_PASSWORD         each service's own database password
  SCHEDULING_DB_PASSWORD
  CLINICAL_DB_PASSWORD
  BILLING_DB_PASSWORD
`;

const WAIT_MS = 60_000;

runCommand(async () => {
  const { wait, help } = readFlags();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
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
});

function readFlags(): { wait?: boolean; help?: boolean } {
  try {
    return parseArgs({ options: { wait: { type: "boolean" }, help: { type: "boolean" } } }).values;
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\nSee npm run migrate -- --help.`);
  }
}
