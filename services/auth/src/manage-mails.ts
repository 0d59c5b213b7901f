// `npm run mails`: shows the mails that are not sent yet, and has those that were given up tried again.
import { parseArgs } from "node:util";
import { loadConfig, serviceSettings } from "@medconnect/platform/config.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { isId } from "@medconnect/platform/ids.ts";
import { countMails, listMails, reviveMails, type WaitingMail } from "./mail/mail-store.ts";

const HELP = `Usage: npm run mails -- list [--dead] [--limit N]
       npm run mails -- retry ID ...
       npm run mails -- retry --all

  list    the mails that are not sent yet, oldest first; --dead: only those whose recipient the mail server refused
  retry   has refused mails tried again at once: those named, or all of them

  --limit N   at most so many (50)
  --help      shows this

A mail that cannot be sent is tried again, at most every quarter of an hour, until what it says is of no use any more;
then it is deleted, as are those that were refused. What is in it, and the address, are nowhere to be seen.

Works on the system that runs here (STACK_JSON names its stack.json), or on auth's DATABASE_URL in the environment.
`;

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\nSee npm run mails -- --help.\n`);
  return 1;
});

async function main(): Promise<number> {
  const { values: flags, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dead: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
      limit: { type: "string", default: "50" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [command, ...ids] = positionals;
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { DATABASE_URL, DATABASE_TIMEOUT } = loadConfig({
    DATABASE_URL: serviceSettings.DATABASE_URL,
    DATABASE_TIMEOUT: serviceSettings.DATABASE_TIMEOUT,
  });
  const db = new Database({ url: DATABASE_URL, poolSize: 1, timeoutMs: DATABASE_TIMEOUT });
  try {
    if (command === "list" && ids.length === 0) return await list(db, flags.dead, limitOf(flags.limit));
    if (command === "retry") return await retry(db, ids, flags.all);
    throw new Error("Say list or retry.");
  } finally {
    await db.close();
  }
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new Error("--limit must be a whole number above 0.");
}

async function list(db: Database, onlyDead: boolean, limit: number): Promise<number> {
  const { waiting, dead } = await countMails(db);
  const mails = await listMails(db, onlyDead, limit);
  for (const mail of mails) process.stdout.write(`${describe(mail)}\n`);
  process.stdout.write(`${mails.length} of ${onlyDead ? dead : waiting + dead}, ${dead} refused\n`);
  return 0;
}

function describe(mail: WaitingMail): string {
  const state = mail.dead ? "refused" : `due ${mail.availableTime.toISOString()}`;
  const why = mail.lastError === null ? "" : `, ${mail.tries} tries, last ${mail.lastError}`;
  return (
    `${mail.id}  ${mail.template} to users/${mail.userId}, made ${mail.createTime.toISOString()}, ` +
    `of use until ${mail.expireTime.toISOString()}, ${state}${why}`
  );
}

async function retry(db: Database, ids: string[], all: boolean): Promise<number> {
  if (all === ids.length > 0) throw new Error("Name the mails to try again, or say --all.");
  const odd = ids.find((id) => !isId(id));
  if (odd !== undefined) throw new Error(`${odd} is not the id of a mail.`);
  const revived = await reviveMails(db, new Date(), all ? undefined : ids);
  process.stdout.write(`${revived} to be tried again\n`);
  return all || revived === ids.length ? 0 : 1;
}
