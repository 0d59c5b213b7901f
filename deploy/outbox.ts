// `npm run outbox`: shows the events that were not delivered, and has dead ones tried again.
import { parseArgs } from "node:util";
import { settingOf } from "@medconnect/platform/config.ts";
import { Database } from "@medconnect/platform/db/database.ts";
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

  list     the events that wait for their consumer, oldest first; --dead: only those that were refused too often
  replay   has dead events tried again at once: those named, or all of them; exits with 1 where one is not dead

  --limit N        at most so many of a service (50)
  --service NAME   only this service's outbox: auth, scheduling, clinical or billing
  --help           shows this

Works on the system that runs here (STACK_JSON names its stack.json), or on one service's DATABASE_URL in the environment.
`;

const TIMEOUT_MS = 10_000;

/** What is to be done with each service's outbox. */
type Command =
  | { name: "list"; onlyDead: boolean; limit: number }
  /** Without ids: all. */
  | { name: "replay"; ids: string[] | undefined };

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
  const revived: string[] = [];
  for (const [service, url] of databases(flags.service)) {
    const db = new Database({ url, poolSize: 1, timeoutMs: TIMEOUT_MS });
    try {
      if (command.name === "list") await list(service, db, command.onlyDead, command.limit);
      else revived.push(...(await replay(service, db, command.ids)));
    } finally {
      await db.close();
    }
  }
  const unknown = command.name === "replay" ? (command.ids ?? []).filter((id) => !revived.includes(id)) : [];
  for (const id of unknown) process.stderr.write(`There is no dead event ${id}.\n`);
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
  if (name !== "replay") throw new SetupError("Say list or replay.");
  // They would seem to narrow down what is replayed.
  if (dead || limit !== undefined) throw new SetupError("--dead and --limit are for list.");
  if (all === ids.length > 0) throw new SetupError("Name the events to replay, or say --all.");
  return { name, ids: all ? undefined : ids };
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new SetupError("--limit must be a whole number above 0.");
}

/** The databases to look into, by what they are called. */
function databases(service: string | undefined): [name: string, url: string][] {
  const url = settingOf("DATABASE_URL");
  if (!url) {
    const stack = new RunningStack("DATABASE_URL");
    return servicesNamed(service).map((name) => [name, stack.databaseOf(name)]);
  }
  if (service) throw new SetupError("DATABASE_URL is one service's already: leave --service out.");
  return [[new URL(url).pathname.slice(1), url]];
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

async function replay(service: string, db: Database, ids: string[] | undefined): Promise<string[]> {
  const revived = await reviveDead(db, new Date(), ids);
  process.stdout.write(`${service}: ${revived.length} to be tried again\n`);
  return revived;
}
