import { parseArgs } from "node:util";
import { systemClock } from "@medconnect/platform/clock.ts";
import { loadConfig, serviceSettings } from "@medconnect/platform/config.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import * as z from "zod";
import { createAdmin } from "./admin/create-admin.ts";
import { readSecret } from "./admin/read-secret.ts";

const HELP = `Makes an account with the role ADMIN, unless there is one with this e-mail.

Usage: npm run admin:create -- --email <e-mail> --full-name <name>

Without ADMIN_PASSWORD the passphrase is asked for, or read as the first line of standard input.
It is made in the system that npm start runs here, or in auth's database at DATABASE_URL, with auth's DATA_KEY.
Settings: DATABASE_URL, DATA_KEY, and DATABASE_TIMEOUT; a secret may also be in the file that NAME_FILE names.
`;

async function main(): Promise<string> {
  const { values } = parseArgs({
    options: {
      email: { type: "string" },
      "full-name": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return HELP.trimEnd();
  const { email, "full-name": fullName } = values;
  if (!email || !fullName) throw new Error("--email and --full-name must be given; see --help");

  const { DATABASE_URL, DATABASE_TIMEOUT, DATA_KEY, ADMIN_PASSWORD } = loadConfig({
    DATABASE_URL: serviceSettings.DATABASE_URL,
    DATABASE_TIMEOUT: serviceSettings.DATABASE_TIMEOUT,
    DATA_KEY: serviceSettings.DATA_KEY,
    ADMIN_PASSWORD: z.string().optional(),
  });
  const password = ADMIN_PASSWORD ?? (await readSecret("Passphrase: "));
  const db = new Database({ url: DATABASE_URL, poolSize: 1, timeoutMs: DATABASE_TIMEOUT });
  try {
    const hash = await openKeyedHash(db, new SealedBox(...DATA_KEY));
    return await createAdmin({ db, clock: systemClock, hash }, { email, fullName, password });
  } finally {
    await db.close();
  }
}

/** What went wrong, in one line. */
function explain(error: unknown): string {
  if (error instanceof ApiError && error.violations.length > 0) {
    return error.violations.map(({ field, description }) => `${field} ${description}`).join("; ");
  }
  if (error instanceof ApiError && error.cause instanceof Error)
    return `${error.message} (${explain(error.cause)})`;
  if (error instanceof Error) return error.message || ("code" in error ? String(error.code) : error.name);
  return String(error);
}

main().then(
  (said) => process.stdout.write(`${said}\n`),
  (error) => {
    process.stderr.write(`create-admin: ${explain(error)}\n`);
    process.exitCode = 1;
  },
);
