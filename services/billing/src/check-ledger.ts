// `npm run ledger:check`: says whether the ledger is in balance and agrees with the payments.
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Database } from "@medconnect/platform/db/database.ts";
import { CHECKS, findViolations } from "./ledger/check-store.ts";

const HELP = `Usage: npm run ledger:check [-- --stack FILE]

Checks that each transaction's debits equal its credits, and that the ledger agrees with payments and refunds.
Prints what does not; exits with 0 if all is well, with 1 if not, with 2 if it cannot be told.

  --stack FILE   the running system's stack.json (.local/data/stack.json)
  --help         shows this

Environment:
  DATABASE_URL   billing's database instead: mysql://user:password@host:port/schema
`;

const SCHEMA = "medconnect_billing";

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\nSee npm run ledger:check -- --help.\n`);
  return 2;
});

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      stack: { type: "string", default: ".local/data/stack.json" },
      help: { type: "boolean", default: false },
    },
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const db = new Database({ url: databaseUrl(flags.stack), poolSize: 1, timeoutMs: 60_000 });
  const violations = await findViolations(db).finally(() => db.close());
  for (const { check, name, expected, found } of violations) {
    process.stdout.write(`${check}: ${name}: ${expected} expected, ${found} found\n`);
  }
  process.stdout.write(`${Object.keys(CHECKS).length} checks, ${violations.length} violations\n`);
  return violations.length > 0 ? 1 : 0;
}

function databaseUrl(stackFile: string): string {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL) return DATABASE_URL;
  if (!existsSync(stackFile)) {
    throw new Error(`Nothing runs here: there is no ${stackFile}. Set DATABASE_URL, or --stack.`);
  }
  const { urls } = JSON.parse(readFileSync(stackFile, "utf8")) as { urls: { mysql: string } };
  const url = new URL(urls.mysql);
  url.pathname = `/${SCHEMA}`;
  return url.href;
}
