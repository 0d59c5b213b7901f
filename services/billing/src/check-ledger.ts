// `npm run ledger:check`: says whether the ledger is in balance and agrees with the payments, or what a balance is.
import { parseArgs } from "node:util";
import { loadConfig, serviceSettings } from "@medconnect/platform/config.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { isId } from "@medconnect/platform/ids.ts";
import { CHECKS, findViolations } from "./ledger/check-store.ts";
import { doctorAccount } from "./ledger/ledger-rules.ts";
import { type Balance, balanceOf, balancesOfPayment } from "./ledger/ledger-store.ts";

const HELP = `Usage: npm run ledger:check
       npm run ledger:check -- --doctor ID
       npm run ledger:check -- --payment ID

Checks that each transaction's debits equal its credits, and that the ledger agrees with payments and refunds.
Prints what does not; exits with 0 if all is well, with 1 if not, with 2 if it cannot be told.

  --doctor ID    prints what is due to a doctor instead: credits less debits, in the minor unit (cents)
  --payment ID   prints a payment's balance in each account instead: what of its fee is due to the doctor,
                 and, as a debit (below 0), what of it the provider holds
  --help         shows this

Works on the system that runs here (STACK_JSON names its stack.json), or on billing's DATABASE_URL in the environment.
`;

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\nSee npm run ledger:check -- --help.\n`);
  return 2;
});

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      doctor: { type: "string" },
      payment: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { doctor, payment } = flags;
  for (const id of [doctor, payment]) {
    if (id !== undefined && !isId(id)) throw new Error(`${id} is no id: those are UUIDs, in small letters.`);
  }
  const { DATABASE_URL } = loadConfig({ DATABASE_URL: serviceSettings.DATABASE_URL }, process.env, 2);
  const db = new Database({ url: DATABASE_URL, poolSize: 1, timeoutMs: 60_000 });
  try {
    if (doctor === undefined && payment === undefined) return await check(db);
    if (doctor !== undefined) print(doctorAccount(doctor), await balanceOf(db, doctorAccount(doctor)));
    if (payment !== undefined) print(`payment ${payment}`, await balancesOfPayment(db, payment));
    return 0;
  } finally {
    await db.close();
  }
}

function print(name: string, balances: Balance[]): void {
  if (balances.length === 0) process.stdout.write(`${name}: nothing was booked\n`);
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
