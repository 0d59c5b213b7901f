// `npm run mails`: lists mails that are not sent yet, and retries mails that the mail server refused.
import { countMails, listMails, type WaitingMail } from "@medconnect/auth/src/mail/mail-store.ts";
import { retryDeadMails } from "@medconnect/auth/src/mail/retry-dead-mail.ts";
import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { isId } from "@medconnect/platform/ids/ids.ts";
import { actionIn, runCommand, wholeNumber } from "./command/command.ts";
import { commandTransactions } from "./command/command-transactions.ts";
import { UsageError } from "./command/setup-error.ts";
import { inheritSettings } from "./settings/running-stack.ts";

const HELP = `Lists mails that are not sent yet, and retries refused ones. Shows neither addresses nor contents.

Usage: npm run mails -- list [--dead] [--limit N]
       npm run mails -- retry ID ...
       npm run mails -- retry --all

  list    The mails that are not sent yet, oldest first. --dead shows only those that the mail server refused.
  retry   Sends refused mails again: the named ones, or all. Writes an event to the audit trail for each.

  --limit N    Maximum number of lines (50).
  -h, --help   Shows this.

Auth retries an undelivered mail at least every 15 minutes until it expires, then deletes it. It deletes refused mails
when they expire, too.

Exit codes: 0 done, 1 a named mail is not a refused one, or the command failed, 2 wrong arguments
Settings: auth's DATABASE_URL, DATABASE_TIMEOUT; default: the system that npm start runs here (STACK_JSON).
`;

runCommand({
  name: "mails",
  help: HELP,
  options: {
    dead: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    limit: { type: "string", default: "50" },
  },
  allowPositionals: true,
  run: async ({ dead, all, limit }, [word, ...ids]) => {
    const action = actionIn(["list", "retry"], word);
    const maximum = wholeNumber("limit", limit);
    if (action === "retry") checkNamed(ids, all);
    else if (ids.length > 0) throw new UsageError(`list takes no ids, such as "${ids[0]}".`);
    inheritSettings("auth");
    const { DATABASE_URL, DATABASE_TIMEOUT } = loadConfig({
      DATABASE_URL: serviceSettings.DATABASE_URL,
      DATABASE_TIMEOUT: serviceSettings.DATABASE_TIMEOUT,
    });
    const db = new Database({ url: DATABASE_URL, poolSize: 1, timeoutMs: DATABASE_TIMEOUT });
    try {
      return action === "list" ? await list(db, dead, maximum) : await retry(db, all ? undefined : ids);
    } finally {
      await db.close();
    }
  },
});

function checkNamed(ids: string[], all: boolean): void {
  if (all === ids.length > 0) throw new UsageError("Name the mails to retry, or say --all, but not both.");
  const invalid = ids.find((id) => !isId(id));
  if (invalid !== undefined) throw new UsageError(`"${invalid}" is not an id: use a UUID in lower case.`);
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
    `expires ${mail.expireTime.toISOString()}, ${state}${why}`
  );
}

/** @param ids ids of the mails to retry; undefined to retry all refused mails */
async function retry(db: Database, ids: string[] | undefined): Promise<number> {
  const app = { db, transactions: commandTransactions(db) };
  const retried = await retryDeadMails(app, "command:mails", new Date(), ids);
  process.stdout.write(`${retried} to be tried again\n`);
  return !ids || retried === ids.length ? 0 : 1;
}
