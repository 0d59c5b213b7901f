// `npm run audit:verify`: says whether somebody has tampered with the audit trail.
import { parseArgs } from "node:util";
import { Acknowledgements } from "@medconnect/platform/audit/acknowledgements.ts";
import { WITNESS_OF } from "@medconnect/platform/audit/checkpoints.ts";
import { readFarthestCheckpoint, readHead } from "@medconnect/platform/audit/seal-store.ts";
import { duration } from "@medconnect/platform/config.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { type Found, findingsOf, type Opened } from "./audit/findings.ts";
import { type Source, sourcesOf } from "./audit/sources.ts";
import { SetupError } from "./setup-error.ts";

const HELP = `Usage: npm run audit:verify [-- --service NAME] [--grace 2h] [--no-witness]
       npm run audit:verify -- --acknowledge ID --reason TEXT [--service NAME]

Checks each service's audit trail against its seals, and the seals against what another service was told of them. Finds
events that were changed, deleted, put in or put in another order, and a trail that was cut off or written anew, or whose
checkpoints stopped coming, so that it could be cut off from there. What came after the newest checkpoint can be cut off
unseen, so its age is told. In auth it also finds admins, statuses, second factors, scopes and signing keys that no event explains, and
addresses, roles and passwords that auth did not write.
Prints what it finds, each finding with its id; exits with 0 if all is well, with 1 if not, with 2 if it cannot be told.

A finding stays for ever, as the trail does. Once it has been looked into, acknowledge it: it is still printed, with the
reason, and counts no more. The acknowledgement is an event in the trail. Another change of the same event is another finding.
Once a check no longer finds it, such as a right that was taken back, its acknowledgement ends, which is an event as well.

  --service NAME   only this service's trail: auth, scheduling, clinical or billing
  --grace TIME     how long an event may be without a seal, and a seal without a checkpoint of it or a later one (2h)
  --no-witness     without the checkpoints, so that a cut-off end is not found
  --acknowledge ID acknowledges this finding, which must be there
  --reason TEXT    why; at least 20 characters
  --help           shows this

Environment, in place of the system that runs here (STACK_JSON names its stack.json); --service says whose trail it is:
  DATABASE_URL           the service's database: mysql://user:password@host:port/schema
  WITNESS_DATABASE_URL   that of the service that keeps its checkpoints, if not --no-witness:
                         ${Object.entries(WITNESS_OF)
                           .map(([service, witness]) => `${witness} for ${service}`)
                           .join(", ")}
  AUDIT_KEY              the service's, and by comma all that it had before
  DATA_KEY               auth's, for --service auth
`;

/** Maximum printed findings of each kind; all are counted. */
const SHOWN = 100;
const PROGRESS_EVERY_MS = 5000;
const STATEMENT_TIMEOUT_MS = 60_000;
const MIN_REASON = 20;
const MAX_REASON = 500;

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      service: { type: "string" },
      grace: { type: "string" },
      "no-witness": { type: "boolean", default: false },
      acknowledge: { type: "string" },
      reason: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const grace = duration("2h").safeParse(flags.grace);
  if (!grace.success) throw new Error(`--grace ${grace.error.issues[0]!.message}.`);
  if ((flags.acknowledge === undefined) !== (flags.reason === undefined)) {
    throw new Error("--acknowledge and --reason must be given together.");
  }
  const sources = sourcesOf(flags.service, !flags["no-witness"]);
  if (flags.acknowledge !== undefined) {
    await acknowledge(sources, flags.acknowledge, reasonIn(flags.reason!), grace.data);
    return 0;
  }
  let findings = 0;
  for (const source of sources) findings += await verify(source, grace.data);
  return findings > 0 ? 1 : 0;
}

/** Prints the findings of one trail. @returns the number of findings without an acknowledgement */
async function verify(source: Source, graceMs: number): Promise<number> {
  const { service } = source;
  const progress = new Progress(service);
  const counts = new Map<string, number>();
  let [open, acknowledged] = [0, 0];
  const witnessed = await within(source, async (opened) => {
    const acknowledgements = new Acknowledgements(service, source.keys);
    const gone = new Set((await acknowledgements.read(opened.db)).keys());
    for await (const found of findingsOf(source, opened, before(graceMs), progress.add)) {
      gone.delete(found.id);
      const count = (counts.get(found.kind) ?? 0) + 1;
      counts.set(found.kind, count);
      if (found.acknowledged) acknowledged++;
      else open++;
      if (count <= SHOWN) process.stdout.write(`${service}: ${lineOf(found)}\n`);
    }
    // The check was partial, so an acknowledged finding may still exist.
    if (!opened.witness) return "without its checkpoints, so a cut-off end is not found";
    for (const id of gone) {
      await acknowledgements.end(opened.db, id, new Date());
      process.stdout.write(`${service}: ${id} is gone, so its acknowledgement ends\n`);
    }
    const { seq } = await readHead(opened.db);
    return checkpointAge(await readFarthestCheckpoint(opened.witness, service, seq));
  });
  const looked = `${progress.checked} seals and checkpoints`;
  const aside = acknowledged > 0 ? `, ${acknowledged} acknowledged` : "";
  process.stdout.write(`${service}: ${looked}, ${open} findings${aside}; ${witnessed}\n`);
  return open;
}

function lineOf({ id, text, acknowledged }: Found): string {
  if (!acknowledged) return `${text} [${id}]`;
  return `${text} [${id}, acknowledged ${acknowledged.createTime.toISOString()}: ${acknowledged.reason}]`;
}

/** Throws if no trail has such an open finding. */
async function acknowledge(sources: Source[], id: string, reason: string, graceMs: number): Promise<void> {
  for (const source of sources) {
    const isDone = await within(source, async (opened) => {
      for await (const found of findingsOf(source, opened, before(graceMs), () => {})) {
        if (found.id !== id || found.acknowledged) continue;
        await new Acknowledgements(source.service, source.keys).add(opened.db, id, reason, new Date());
        process.stdout.write(`${source.service}: ${id} is acknowledged: ${found.text}\n`);
        return true;
      }
      return false;
    });
    if (isDone) return;
  }
  throw new SetupError(`No open finding has the id ${id}.`);
}

/** Throws for a reason that is too short or too long. */
function reasonIn(text: string): string {
  const reason = text.trim().normalize("NFC");
  const visible = reason.replaceAll(/[\s\p{C}]/gu, "").length;
  if (visible >= MIN_REASON && reason.length <= MAX_REASON) return reason;
  throw new Error(`--reason must have ${MIN_REASON} visible characters, and at most ${MAX_REASON} in all.`);
}

const before = (graceMs: number): Date => new Date(Date.now() - graceMs);

/** Opens a trail and its witness for the duration of some work. */
async function within<T>(source: Source, work: (opened: Opened) => Promise<T>): Promise<T> {
  const open = (url: string) => new Database({ url, poolSize: 1, timeoutMs: STATEMENT_TIMEOUT_MS });
  const db = open(source.databaseUrl);
  const witness = source.witnessUrl === undefined ? undefined : open(source.witnessUrl);
  try {
    return await work({ db, witness });
  } finally {
    await db.close();
    await witness?.close();
  }
}

function checkpointAge(newest: { create_time: Date } | undefined): string {
  if (!newest) return "no checkpoint";
  const seconds = Math.round((Date.now() - newest.create_time.getTime()) / 1000);
  if (seconds < 0)
    return `newest checkpoint dated ${newest.create_time.toISOString()}, which is in the future`;
  const [size, unit] = UNITS.find(([size]) => seconds >= 2 * size) ?? [1, "s"];
  return `newest checkpoint ${Math.round(seconds / size)} ${unit} old`;
}

/** In seconds; the largest first. */
const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
] as const;

/** Tells that a long check still runs. */
class Progress {
  readonly #service: string;
  #toldAtMs = Date.now();
  checked = 0;

  constructor(service: string) {
    this.#service = service;
  }

  add = (looked: number): void => {
    this.checked += looked;
    if (Date.now() - this.#toldAtMs < PROGRESS_EVERY_MS) return;
    this.#toldAtMs = Date.now();
    process.stderr.write(`${this.#service}: ${this.checked} seals and checkpoints so far\n`);
  };
}

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\nSee npm run audit:verify -- --help.\n`);
  return 2;
});
