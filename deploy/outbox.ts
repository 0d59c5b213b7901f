// `npm run outbox`: shows undelivered events, retries dead ones, and signs or deletes those that are not genuine.
import { parseArgs } from "node:util";
import { keys, settingOf } from "@medconnect/platform/config.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { discard, vouchFor } from "@medconnect/platform/outbox/not-genuine.ts";
import {
  countBacklog,
  listUndelivered,
  type OutboxRow,
  reviveDead,
} from "@medconnect/platform/outbox/outbox-store.ts";
import { RunningStack, servicesNamed } from "./running-stack.ts";
import { runCommand, SetupError } from "./setup-error.ts";

const HELP = `Usage: npm run outbox -- list [--dead] [--limit N]
       npm run outbox -- replay ID ...
       npm run outbox -- replay --all
       npm run outbox -- vouch ID ...
       npm run outbox -- discard ID ...

  list     the events that wait for their consumer, oldest first; --dead: only those that were refused too often
  replay   has events tried again at once that were refused too often: those named, or all of them; exits with 1 where one
           was not
  vouch    signs events that the service did not write, and has them sent: somebody put in UNSIGNED
           ones, and changed FORGED ones. Look at the service's audit trail first: it has a line for
           what each event tells of. Takes DATA_KEY
  discard  deletes such events

  vouch and discard leave a line in the audit trail.

  --limit N        at most so many of a service (50)
  --service NAME   only this service's outbox: auth, scheduling, clinical or billing
  --help           shows this

Works on the system that runs here (STACK_JSON names its stack.json), or on one service's DATABASE_URL, and DATA_KEY to vouch, in
the environment.
`;

const TIMEOUT_MS = 10_000;

/** Command for each service's outbox. */
type Command =
  | { name: "list"; onlyDead: boolean; limit: number }
  /** Without ids: all. */
  | { name: "replay"; ids: string[] | undefined }
  | { name: "vouch" | "discard"; ids: string[] };

runCommand(async () => {
  try {
    return await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(`${error.message}\nSee npm run outbox -- --help.`);
  }
});

async function main(): Promise<number> {
  const { values: flags, positionals } = readArguments();
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const command = commandOf(positionals, flags);
  const done: string[] = [];
  for (const { service, url, dataKey } of databases(flags.service)) {
    const db = new Database({ url, poolSize: 1, timeoutMs: TIMEOUT_MS });
    try {
      if (command.name === "list") await list(service, db, command.onlyDead, command.limit);
      else done.push(...(await change(service, db, command, dataKey)));
    } finally {
      await db.close();
    }
  }
  if (command.name === "list") return 0;
  const kind = command.name === "replay" ? "refused too often" : "refused as not the service's own";
  const unknown = (command.ids ?? []).filter((id) => !done.includes(id));
  for (const id of unknown) process.stderr.write(`There is no event ${id} that was ${kind}.\n`);
  return unknown.length > 0 ? 1 : 0;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        dead: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        limit: { type: "string" },
        service: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new SetupError((error as Error).message);
  }
}

function commandOf(
  [name, ...ids]: string[],
  { dead, all, limit }: { dead: boolean; all: boolean; limit?: string | undefined },
): Command {
  if (name === "list" && ids.length === 0) {
    if (all) throw new SetupError("--all is for replay; list shows more with --limit.");
    return { name, onlyDead: dead, limit: limitOf(limit ?? "50") };
  }
  if (name !== "replay" && name !== "vouch" && name !== "discard") {
    throw new SetupError("Say list, replay, vouch or discard.");
  }
  // They would seem to narrow down what is replayed.
  if (dead || limit !== undefined) throw new SetupError("--dead and --limit are for list.");
  if (name !== "replay") {
    if (all || ids.length === 0) throw new SetupError(`Name the events to ${name}.`);
    return { name, ids };
  }
  if (all === ids.length > 0) throw new SetupError("Name the events to replay, or say --all.");
  return { name, ids: all ? undefined : ids };
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new SetupError("--limit must be a whole number above 0.");
}

interface Outbox {
  service: string;
  url: string;
  /** Undefined where none is set. */
  dataKey: string | undefined;
}

/** The outboxes to look into. */
function databases(service: string | undefined): Outbox[] {
  const url = settingOf("DATABASE_URL");
  if (!url) {
    const stack = new RunningStack("DATABASE_URL");
    return servicesNamed(service).map((name) => ({
      service: name,
      url: stack.databaseOf(name),
      dataKey: stack.secrets.dataKeys[name],
    }));
  }
  if (service) throw new SetupError("DATABASE_URL is one service's already: leave --service out.");
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

function describe(row: OutboxRow): string {
  const state = row.dead ? "dead" : `due ${row.available_time.toISOString()}`;
  const why = row.last_error ? `, ${row.refusals} refusals, last ${row.last_error}` : "";
  const made = row.create_time.toISOString();
  return `${row.id}  ${row.type} of ${row.aggregateid} to ${row.destination}, made ${made}, ${state}${why}`;
}

/** @returns the ids of the changed events */
async function change(
  service: string,
  db: Database,
  { name, ids }: Exclude<Command, { name: "list" }>,
  dataKey: string | undefined,
): Promise<string[]> {
  const now = new Date();
  if (name === "replay") {
    const revived = await reviveDead(db, now, ids);
    process.stdout.write(`${service}: ${revived.length} to be tried again\n`);
    return revived;
  }
  const done = name === "discard" ? await discard(db, ids, now) : await vouch(db, ids, now, dataKey);
  process.stdout.write(
    `${service}: ${done.length} ${name === "discard" ? "deleted" : "signed, to be sent"}\n`,
  );
  return done;
}

/** Throws if DATA_KEY is missing or not this service's. */
async function vouch(db: Database, ids: string[], now: Date, dataKey: string | undefined): Promise<string[]> {
  const parsed = keys.safeParse(dataKey ?? "");
  if (!parsed.success) throw new SetupError("Set DATA_KEY to the service's key: vouch signs with it.");
  const hash = await openKeyedHash(db, new SealedBox(...parsed.data));
  return await vouchFor(db, hash, ids, now);
}
