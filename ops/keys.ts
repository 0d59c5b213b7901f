// `npm run keys`: lists, rotates and revokes the keys that sign access tokens.
import { listKeys, revokeKey, rotateKey } from "@medconnect/auth/src/keys/key-commands.ts";
import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { systemClock } from "@medconnect/platform/time/clock.ts";
import { actionIn, CONFIRMATION, confirm, runCommand } from "./command/command.ts";
import { commandTransactions } from "./command/command-transactions.ts";
import { UsageError } from "./command/setup-error.ts";
import { inheritSettings } from "./settings/running-stack.ts";

const HELP = `Lists, rotates and revokes the keys that sign access tokens.

Usage: npm run keys -- list
       npm run keys -- rotate [--now]
       npm run keys -- revoke KID [--yes]

  list     The keys, newest first: the signing key, the next key, and the time until which older keys verify.
  rotate   The next key signs from now on. Tokens of the old key stay valid, so no client notices.
           The next key is ready 10 minutes after auth made it, when every verifier knows it.
           --now rotates to a key that is not ready. A verifier that does not know it may answer 401 for up to 5 s.
  revoke   For a key that may be stolen. Auth stops publishing it and deletes its private part. All tokens of that key
           get 401 within 5 s; clients get new ones by their refresh tokens, without a new sign-in. If the key signs,
           the next key takes over at once. If the database and DATA_KEY may be known as well, also revoke the next key
           and change both.
           Asks for confirmation on a terminal; --yes skips the question.

  -h, --help   Shows this.

Auth makes the next key within a minute of a command, and rotates by itself every KEY_ROTATION_EVERY (30d).
"refused" in the list marks a key that somebody without DATA_KEY wrote into the database. No process uses it. Find out
who wrote it, then revoke it.

Exit codes: 0 done, 1 not confirmed, or the command failed, 2 wrong arguments
Settings: auth's DATABASE_URL, DATABASE_TIMEOUT, DATA_KEY; default: the system that npm start runs here (STACK_JSON).
`;

const ACTIONS = ["list", "rotate", "revoke"] as const;

runCommand({
  name: "keys",
  help: HELP,
  options: { now: { type: "boolean", default: false }, ...CONFIRMATION },
  allowPositionals: true,
  run: async ({ now, yes }, [word, kid, ...more]) => {
    const action = actionIn(ACTIONS, word);
    if (now && action !== "rotate") throw new UsageError("--now is an option of rotate.");
    if (more.length > 0 || (kid !== undefined) !== (action === "revoke")) {
      throw new UsageError("revoke takes one key id, list and rotate take none.");
    }
    inheritSettings("auth");
    const { DATABASE_URL, DATABASE_TIMEOUT, DATA_KEY } = loadConfig({
      DATABASE_URL: serviceSettings.DATABASE_URL,
      DATABASE_TIMEOUT: serviceSettings.DATABASE_TIMEOUT,
      DATA_KEY: serviceSettings.DATA_KEY,
    });
    if (action === "revoke" && !(await confirm(`Revoke ${kid}?`, { yes }))) return 1;
    const db = new Database({ url: DATABASE_URL, poolSize: 1, timeoutMs: DATABASE_TIMEOUT });
    const outside = {
      db,
      cipher: new FieldCipher(...DATA_KEY),
      clock: systemClock,
      transactions: commandTransactions(db),
    };
    try {
      process.stdout.write(`${await act(outside, action, { kid: kid ?? "", now })}\n`);
      return 0;
    } finally {
      await db.close();
    }
  },
});

function act(
  outside: Parameters<typeof listKeys>[0],
  action: (typeof ACTIONS)[number],
  { kid, now }: { kid: string; now: boolean },
): Promise<string> {
  if (action === "list") return listKeys(outside);
  if (action === "rotate") return rotateKey(outside, now ? "now" : "ready");
  return revokeKey(outside, kid);
}
