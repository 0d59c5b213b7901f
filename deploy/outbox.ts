// `npm run outbox`: shows the events that were not delivered, and has dead ones tried again.
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Database } from "@medconnect/platform/db/database.ts";
import { listUndelivered, type OutboxRow, reviveDead } from "@medconnect/platform/outbox/outbox-store.ts";
import { SERVICES } from "./provision.ts";
import { runCommand, SetupError } from "./setup-error.ts";

const HELP = `Usage: npm run outbox -- list [--dead] [--limit N]
       npm run outbox -- replay ID ...
       npm run outbox -- replay --all

  list     the events that wait for their consumer, oldest first; --dead: only those that were refused too often
  replay   has dead events tried again at once: those named, or all of them

  --service NAME   only this service's outbox: auth, scheduling, clinical or billing
  --stack FILE     the running system's stack.json (.local/data/stack.json)
  --help           shows this

Environment:
  DATABASE_URL     one service's database instead: mysql://user:password@host:port/schema
`;

const SCHEMA_PREFIX = "medconnect_";

runCommand(async () => {
  const { values: flags, positionals } = readArguments();
  const [command, ...ids] = positionals;
  if (flags.help || command === undefined) {
    process.stdout.write(HELP);
    return flags.help ? 0 : 1;
  }
  for (const [service, url] of databases(flags.service, flags.stack)) {
    const db = new Database({ url, poolSize: 1, timeoutMs: 10_000 });
    try {
      if (command === "list") print(service, await listUndelivered(db, flags.dead, Number(flags.limit)));
      else if (command === "replay") await replay(service, db, ids, flags.all);
      else throw new SetupError(`There is no command ${command}.\nSee npm run outbox -- --help.`);
    } finally {
      await db.close();
    }
  }
  return 0;
});

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        dead: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        limit: { type: "string", default: "50" },
        service: { type: "string" },
        stack: { type: "string", default: ".local/data/stack.json" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\nSee npm run outbox -- --help.`);
  }
}

/** The databases to look into, by service. */
function databases(service: string | undefined, stackFile: string): [service: string, url: string][] {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL) return [[new URL(DATABASE_URL).pathname.slice(1), DATABASE_URL]];
  if (!existsSync(stackFile)) {
    throw new SetupError(`Nothing runs here: there is no ${stackFile}. Set DATABASE_URL, or --stack.`);
  }
  const services = SERVICES.filter((name) => service === undefined || name === service);
  if (services.length === 0) throw new SetupError(`There is no service ${service}.`);
  const { urls } = JSON.parse(readFileSync(stackFile, "utf8")) as { urls: { mysql: string } };
  return services.map((name) => {
    const url = new URL(urls.mysql);
    url.pathname = `/${SCHEMA_PREFIX}${name}`;
    return [name, url.href];
  });
}

function print(service: string, rows: OutboxRow[]): void {
  process.stdout.write(`${service}: ${rows.length === 0 ? "nothing waits" : ""}\n`);
  for (const row of rows) {
    const state = row.dead ? "dead" : `due ${row.available_time.toISOString()}`;
    const why = row.last_error ? `, ${row.refusals} refusals, last ${row.last_error}` : "";
    process.stdout.write(
      `  ${row.id}  ${row.type} of ${row.aggregateid} to ${row.destination}, made ${row.create_time.toISOString()}, ${state}${why}\n`,
    );
  }
}

async function replay(service: string, db: Database, ids: string[], all: boolean): Promise<void> {
  if (all === ids.length > 0) throw new SetupError("Name the events to replay, or say --all.");
  const revived = await reviveDead(db, new Date(), all ? undefined : ids);
  process.stdout.write(`${service}: ${revived} to be tried again\n`);
}
