// `npm run outbox`: lists undelivered events, sends dead ones again, and signs or deletes events without a
// valid signature. A dead event is one that is not sent again by itself.
import { keys, settingOf } from "@medconnect/platform/config/config.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { replayDeadEvents } from "@medconnect/platform/dead-events/replay-dead-event.ts";
import { countBacklog, type EventFacts, listUndelivered } from "@medconnect/platform/outbox/outbox-store.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import { actionIn, CONFIRMATION, confirm, runCommand, wholeNumber } from "./command/command.ts";
import { commandTransactions } from "./command/command-transactions.ts";
import { SetupError, UsageError } from "./command/setup-error.ts";
import { ACTOR, discard, vouchFor } from "./outbox/not-genuine.ts";
import { RunningStack, servicesNamed } from "./settings/running-stack.ts";

const HELP = `Lists undelivered events, retries dead ones, and signs or deletes events without a valid signature.

Usage: npm run outbox -- list [--dead] [--limit N]
       npm run outbox -- replay ID ...
       npm run outbox -- replay --all
       npm run outbox -- vouch ID ...
       npm run outbox -- discard ID ... [--yes]

  list      The events that wait for their consumer, oldest first. --dead shows only events that were refused too often.
  replay    Retries dead events at once: the named ones, or all.
  vouch     Signs events that the service did not write, and sends them. UNSIGNED events were inserted, FORGED events
            changed by somebody without DATA_KEY. Look for the matching line in the service's audit trail first.
  discard   Deletes such events. Asks for confirmation on a terminal; --yes skips the question.

replay, vouch and discard write an event to the audit trail for each event that they change.

  --limit N        Maximum number of events of each service (50).
  --service NAME   Only this service's outbox: ${SERVICES.join(", ")}.
  -h, --help       Shows this.

Exit codes: 0 done, 1 not confirmed, a named event is not a dead one, or the command failed, 2 wrong arguments
Settings: one service's DATABASE_URL, and DATA_KEY for vouch; default: the system that npm start runs here (STACK_JSON).
`;

const TIMEOUT_MS = 10_000;

/** An action of `npm run outbox`. The command runs it on the outbox of one service, or of all services. */
type Command =
  | { name: "list"; onlyDead: boolean; limit: number }
  /** `ids` is undefined to replay all dead events. */
  | { name: "replay"; ids: string[] | undefined }
  | { name: "vouch" | "discard"; ids: string[] };

runCommand({
  name: "outbox",
  help: HELP,
  options: {
    dead: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    limit: { type: "string" },
    service: { type: "string" },
    ...CONFIRMATION,
  },
  allowPositionals: true,
  run: async (flags, positionals) => {
    const command = commandOf(positionals, flags);
    const outboxes = outboxesOf(flags.service);
    if (command.name === "discard" && !(await confirm(`Delete ${command.ids.length} events?`, flags)))
      return 1;
    const done: string[] = [];
    for (const { service, url, dataKey } of outboxes) {
      const db = new Database({ url, poolSize: 1, timeoutMs: TIMEOUT_MS });
      try {
        if (command.name === "list") await list(service, db, command.onlyDead, command.limit);
        else done.push(...(await change(service, db, command, dataKey)));
      } finally {
        await db.close();
      }
    }
    return command.name === "list" ? 0 : reportUnknown(command, done);
  },
});

/** Prints each id from the command line for which no event was changed. @returns the exit code */
function reportUnknown({ name, ids = [] }: Exclude<Command, { name: "list" }>, done: string[]): number {
  const kind = name === "replay" ? "refused too often" : "refused as not the service's own";
  const unknown = ids.filter((id) => !done.includes(id));
  for (const id of unknown) process.stderr.write(`There is no event ${id} that was ${kind}.\n`);
  return unknown.length > 0 ? 1 : 0;
}

function commandOf(
  [word, ...ids]: string[],
  { dead, all, limit }: { dead: boolean; all: boolean; limit?: string | undefined },
): Command {
  const name = actionIn(["list", "replay", "vouch", "discard"], word);
  if (name === "list") {
    if (ids.length > 0) throw new UsageError(`list takes no ids, such as "${ids[0]}".`);
    if (all) throw new UsageError("--all is for replay; list shows more with --limit.");
    return { name, onlyDead: dead, limit: wholeNumber("limit", limit ?? "50") };
  }
  // `list` has flags that restrict its output. They are refused here, because an operator could believe that
  // they restrict the changes.
  if (dead || limit !== undefined) throw new UsageError("--dead and --limit are for list.");
  if (name !== "replay") {
    if (all || ids.length === 0) throw new UsageError(`Name the events to ${name}.`);
    return { name, ids };
  }
  if (all === ids.length > 0) throw new UsageError("Name the events to replay, or say --all, but not both.");
  return { name, ids: all ? undefined : ids };
}

interface Outbox {
  service: string;
  url: string;
  dataKey: string | undefined;
}

function outboxesOf(service: string | undefined): Outbox[] {
  const url = settingOf("DATABASE_URL");
  if (!url) {
    const stack = new RunningStack("DATABASE_URL");
    return servicesNamed(service).map((name) => ({
      service: name,
      url: stack.databaseOf(name),
      dataKey: stack.secrets.dataKeys[name],
    }));
  }
  if (service) throw new UsageError(`Leave --service ${service} out: DATABASE_URL names the service.`);
  return [{ service: new URL(url).pathname.slice(1), url, dataKey: settingOf("DATA_KEY") }];
}

async function list(service: string, db: Database, onlyDead: boolean, limit: number): Promise<void> {
  const backlog = (await countBacklog(db)).filter(({ dead }) => dead || !onlyDead);
  const total = backlog.reduce((sum, { waiting }) => sum + waiting, 0);
  const rows = await listUndelivered(db, onlyDead, limit);
  for (const row of rows) process.stdout.write(`${describe(row)}\n`);
  const rest = rows.length < total ? `; --limit ${total} shows all` : "";
  process.stdout.write(
    `${service}: ${total === 0 ? "nothing waits" : `${rows.length} of ${total}${rest}`}\n`,
  );
}

function describe(row: EventFacts): string {
  const state = row.dead ? "dead" : `due ${row.availableTime.toISOString()}`;
  const why = row.lastError ? `, ${row.refusals} refusals, last ${row.lastError}` : "";
  const made = row.createTime.toISOString();
  return `${row.id}  ${row.type} of ${row.aggregateId} to ${row.destination}, made ${made}, ${state}${why}`;
}

/** Changes events in one service's outbox. @returns the ids of the changed events */
async function change(
  service: string,
  db: Database,
  { name, ids }: Exclude<Command, { name: "list" }>,
  dataKey: string | undefined,
): Promise<string[]> {
  const now = new Date();
  const transactions = commandTransactions(db);
  if (name === "replay") {
    const replayed = await replayDeadEvents({ db, transactions }, ACTOR, now, ids);
    process.stdout.write(`${service}: ${replayed.length} to be tried again\n`);
    return replayed;
  }
  const done = name === "discard" ? await discard(transactions, ids) : await vouch(db, ids, now, dataKey);
  process.stdout.write(
    `${service}: ${done.length} ${name === "discard" ? "deleted" : "signed, to be sent"}\n`,
  );
  return done;
}

/** Signs events that an operator has confirmed as genuine. Throws without this service's DATA_KEY. */
async function vouch(db: Database, ids: string[], now: Date, dataKey: string | undefined): Promise<string[]> {
  const parsed = keys.safeParse(dataKey ?? "");
  if (!parsed.success) throw new SetupError("Set DATA_KEY to the service's key: vouch signs with it.");
  const hash = await openKeyedHash(db, new FieldCipher(...parsed.data));
  return await vouchFor(commandTransactions(db), hash, ids, now);
}
