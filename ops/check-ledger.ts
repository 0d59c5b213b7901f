// `npm run ledger:check`: checks billing's ledger, or prints a balance.
import { CHECKS, findViolations } from "@medconnect/billing/src/ledger/check-store.ts";
import { doctorAccount } from "@medconnect/billing/src/ledger/ledger-rules.ts";
import { type Balance, balanceOf, balancesOfPayment } from "@medconnect/billing/src/ledger/ledger-store.ts";
import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { isId } from "@medconnect/platform/ids/ids.ts";
import { runCommand } from "./command/command.ts";
import { UsageError } from "./command/setup-error.ts";
import { inheritSettings } from "./settings/running-stack.ts";

const HELP = `Checks that the debits of each transaction equal its credits, and that the ledger agrees with payments and refunds.

Usage: npm run ledger:check
       npm run ledger:check -- --doctor ID
       npm run ledger:check -- --payment ID

  --doctor ID    Prints a doctor's balance instead: credits less debits, in minor units such as cents.
  --payment ID   Prints a payment's balance in each account instead: the doctor's part of its fee, and, as a debit
                 (below 0), the part that the provider holds.
  -h, --help     Shows this.

Exit codes: 0 the ledger is right, 1 violations were found, 2 the check failed or the arguments are wrong
Settings: billing's DATABASE_URL; default: the system that npm start runs here (STACK_JSON).
`;

/** Longer than in services, because the checks read whole tables. */
const STATEMENT_TIMEOUT_MS = 60_000;
const CHECK_FAILED = 2;

runCommand({
  name: "ledger:check",
  help: HELP,
  options: { doctor: { type: "string" }, payment: { type: "string" } },
  errorCode: CHECK_FAILED,
  run: async ({ doctor, payment }) => {
    for (const id of [doctor, payment]) {
      if (id !== undefined && !isId(id))
        throw new UsageError(`"${id}" is not an id: use a UUID in lower case.`);
    }
    inheritSettings("billing");
    const { DATABASE_URL } = loadConfig(
      { DATABASE_URL: serviceSettings.DATABASE_URL },
      process.env,
      CHECK_FAILED,
    );
    const db = new Database({ url: DATABASE_URL, poolSize: 1, timeoutMs: STATEMENT_TIMEOUT_MS });
    try {
      if (doctor === undefined && payment === undefined) return await check(db);
      if (doctor !== undefined) print(doctorAccount(doctor), await balanceOf(db, doctorAccount(doctor)));
      if (payment !== undefined) print(`payment ${payment}`, await balancesOfPayment(db, payment));
      return 0;
    } finally {
      await db.close();
    }
  },
});

function print(name: string, balances: Balance[]): void {
  if (balances.length === 0) process.stdout.write(`${name}: no entries\n`);
  for (const { account, currency, minor } of balances)
    process.stdout.write(`${account}: ${minor} ${currency}\n`);
}

async function check(db: Database): Promise<number> {
  const violations = await findViolations(db);
  for (const { check, name, expected, found } of violations) {
    process.stdout.write(`${check}: ${name}: ${expected} expected, ${found} found\n`);
  }
  process.stdout.write(`${Object.keys(CHECKS).length} checks, ${violations.length} violations\n`);
  return violations.length > 0 ? 1 : 0;
}
