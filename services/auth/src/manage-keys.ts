import { parseArgs } from "node:util";
import { systemClock } from "@medconnect/platform/clock.ts";
import { loadConfig, serviceSettings } from "@medconnect/platform/config.ts";
import { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { listKeys, revokeKey, rotateKey } from "./keys/key-commands.ts";

const HELP = `Shows and rotates the keys that sign access tokens.

Usage: npm run keys -- list
       npm run keys -- rotate [--now]
       npm run keys -- revoke KID

  list     the keys, newest first: which signs, which is next, and until when the old ones verify
  rotate   lets the next key sign from now on. What the old one signed stays good, so nobody notices.
           A new next key is made by auth within a minute, and is ready once every verifier knows it (ten minutes).
           --now: also if it is not ready. A verifier that has not heard of it asks for it, at most every five seconds:
           until then it may refuse (401) what the key signed.
  revoke   for a key that somebody may have stolen. It is not published any more, its private part is deleted, and all
           tokens that it signed are refused (401) within five seconds. Clients get new ones by their refresh tokens:
           nobody has to sign in again. If it signs, the next key takes over at once. Where the database and DATA_KEY
           may be known, revoke the next key as well, and change them.

  --help   shows this

Within a minute of a command auth makes the next key. It rotates by itself every KEY_ROTATION_EVERY (30d).

A key that "list" shows as refused was put into the database by somebody without DATA_KEY: nothing takes it for a key.
Find out who, then revoke it.

Works on the system that runs here (STACK_JSON names its stack.json), or with auth's DATABASE_URL and DATA_KEY in the
environment.
`;

async function main(): Promise<string> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { now: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) return HELP.trimEnd();
  const [command, kid, ...more] = positionals;
  if (more.length > 0 || (kid !== undefined) !== (command === "revoke")) throw usage();
  if (values.now && command !== "rotate") throw usage();
  const { DATABASE_URL, DATABASE_TIMEOUT, DATA_KEY } = loadConfig({
    DATABASE_URL: serviceSettings.DATABASE_URL,
    DATABASE_TIMEOUT: serviceSettings.DATABASE_TIMEOUT,
    DATA_KEY: serviceSettings.DATA_KEY,
  });
  const db = new Database({ url: DATABASE_URL, poolSize: 1, timeoutMs: DATABASE_TIMEOUT });
  const outside = { db, box: new SealedBox(...DATA_KEY), clock: systemClock };
  try {
    switch (command) {
      case "list":
        return await listKeys(outside);
      case "rotate":
        return await rotateKey(outside, values.now ? "now" : "ready");
      case "revoke":
        return await revokeKey(outside, kid!);
      default:
        throw usage();
    }
  } finally {
    await db.close();
  }
}

const usage = (): Error => new Error("say list, rotate [--now] or revoke KID; see --help");

main().then(
  (said) => process.stdout.write(`${said}\n`),
  (error) => {
    const why = error.cause instanceof Error ? ` (${error.cause.message || error.cause.code})` : "";
    process.stderr.write(`keys: ${error.message}${why}\n`);
    process.exitCode = 1;
  },
);
