// `npm run admin:create`: creates an administrator's account.
import { createAdmin } from "@medconnect/auth/src/admin/create-admin.ts";
import { EVENT_ROUTES } from "@medconnect/auth/src/event-routes.ts";
import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { systemClock } from "@medconnect/platform/time/clock.ts";
import * as z from "zod";
import { runCommand } from "./command/command.ts";
import { commandTransactions } from "./command/command-transactions.ts";
import { readSecret } from "./command/read-secret.ts";
import { UsageError } from "./command/setup-error.ts";
import { inheritSettings } from "./settings/running-stack.ts";

const HELP = `Creates an account with the role ADMIN, unless the e-mail address has an account.

Usage: npm run admin:create -- --email ADDRESS --full-name NAME

  --email ADDRESS    E-mail address to sign in with.
  --full-name NAME   Name that others see.
  -h, --help         Shows this.

ADMIN_PASSWORD sets the passphrase. Without it, the command asks on a terminal, or reads the first line of standard
input.

Exit codes: 0 the account exists, 1 the command failed, 2 wrong arguments
Settings: auth's DATABASE_URL, DATABASE_TIMEOUT, DATA_KEY; default: the system that npm start runs here (STACK_JSON).
NAME_FILE names a file that holds a secret.
`;

runCommand({
  name: "admin:create",
  help: HELP,
  options: { email: { type: "string" }, "full-name": { type: "string" } },
  run: async ({ email, "full-name": fullName }) => {
    if (!email || !fullName) throw new UsageError("--email and --full-name are required.");
    inheritSettings("auth");
    const { DATABASE_URL, DATABASE_TIMEOUT, DATA_KEY, ADMIN_PASSWORD } = loadConfig({
      DATABASE_URL: serviceSettings.DATABASE_URL,
      DATABASE_TIMEOUT: serviceSettings.DATABASE_TIMEOUT,
      DATA_KEY: serviceSettings.DATA_KEY,
      ADMIN_PASSWORD: z.string().optional(),
    });
    const password = ADMIN_PASSWORD ?? (await readSecret("Passphrase: "));
    const db = new Database({ url: DATABASE_URL, poolSize: 1, timeoutMs: DATABASE_TIMEOUT });
    try {
      const hash = await openKeyedHash(db, new FieldCipher(...DATA_KEY));
      const transactions = commandTransactions(db, { hash, routes: EVENT_ROUTES });
      const context = { db, clock: systemClock, hash, transactions };
      const result = await createAdmin(context, { email, fullName, password });
      process.stdout.write(`${result}\nSign in at /console of the API's host.\n`);
      return 0;
    } finally {
      await db.close();
    }
  },
});
