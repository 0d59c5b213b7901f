// `npm run audit:verify`: says whether somebody has tampered with the audit trail.
import { Acknowledgements } from "@medconnect/platform/audit/acknowledgements.ts";
import { readFarthestCheckpoint } from "@medconnect/platform/audit/checkpoint-store.ts";
import { readHead } from "@medconnect/platform/audit/seal-store.ts";
import { duration } from "@medconnect/platform/config/config.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { SERVICES, WITNESS_OF } from "@medconnect/topology/services.ts";
import { type Found, findingsOf, type Opened } from "./audit/findings.ts";
import { type Source, sourcesOf } from "./audit/sources.ts";
import { runCommand } from "./command/command.ts";
import { SetupError, UsageError } from "./command/setup-error.ts";

const MIN_REASON = 20;
const MAX_REASON = 500;

const HELP = `Checks each service's audit trail against its seals, and the seals against the checkpoints at another service.

Usage: npm run audit:verify -- [--service NAME] [--grace 2h] [--no-witness]
       npm run audit:verify -- --acknowledge ID --reason TEXT [--service NAME]

Finds events that were changed, deleted, inserted or reordered, trails that were truncated or rewritten, and checkpoints
that stopped coming. Events after the newest checkpoint can be truncated without a finding, so the age of that checkpoint
is printed. In auth, also finds admins, statuses, second factors, scopes and signing keys that no event explains, and
addresses, roles and passwords that auth did not write.

A finding stays, as the trail does. Acknowledge a finding that you have investigated: it is printed with the reason, and
no longer counts. The acknowledgement is an event in the trail, and covers one change. It ends, with another event, when
the check no longer finds it, such as a right that was taken back.

  --service NAME     Only this service's trail: ${SERVICES.join(", ")}.
  --grace TIME       Maximum age of an event without a seal, and of a seal without a checkpoint (2h).
  --no-witness       Skips the checkpoints, so that truncated trails are not found.
  --acknowledge ID   Acknowledges an existing finding.
  --reason TEXT      Reason of the acknowledgement: at least ${MIN_REASON} visible characters.
  -h, --help         Shows this.

Exit codes: 0 no open finding, 1 open findings, 2 the check failed
Settings; default: the system that npm start runs here (STACK_JSON). --service says whose trail they are for:
  DATABASE_URL           URL of the service's database, mysql://user:password@host:port/schema
  WITNESS_DATABASE_URL   URL of the database with its checkpoints:
                         ${Object.entries(WITNESS_OF)
                           .map(([service, witness]) => `${witness} for ${service}`)
                           .join(", ")}
  AUDIT_KEY              The service's current key and all earlier ones, separated by commas.
  DATA_KEY               Auth's key, for --service auth.
`;

/** Maximum printed findings of each kind; all are counted. */
const SHOWN = 100;
const PROGRESS_EVERY_MS = 5000;
const STATEMENT_TIMEOUT_MS = 60_000;
const CHECK_FAILED = 2;

runCommand({
  name: "audit:verify",
  help: HELP,
  options: {
    service: { type: "string" },
    grace: { type: "string" },
    "no-witness": { type: "boolean", default: false },
    acknowledge: { type: "string" },
    reason: { type: "string" },
  },
  errorCode: CHECK_FAILED,
  run: async (flags) => {
    const grace = duration("2h").safeParse(flags.grace);
    if (!grace.success) throw new UsageError(`--grace ${grace.error.issues[0]!.message}.`);
    if ((flags.acknowledge === undefined) !== (flags.reason === undefined)) {
      throw new UsageError("--acknowledge and --reason must be given together.");
    }
    const sources = sourcesOf(flags.service, !flags["no-witness"]);
    if (flags.acknowledge !== undefined) {
      await acknowledge(sources, flags.acknowledge, reasonIn(flags.reason!), grace.data);
      return 0;
    }
    let findings = 0;
    for (const source of sources) findings += await verify(source, grace.data);
    return findings > 0 ? 1 : 0;
  },
});

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
  throw new UsageError(
    `--reason must have ${MIN_REASON} visible characters, and at most ${MAX_REASON} in all.`,
  );
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

function checkpointAge(newest: { createTime: Date } | undefined): string {
  if (!newest) return "no checkpoint";
  const seconds = Math.round((Date.now() - newest.createTime.getTime()) / 1000);
  if (seconds < 0)
    return `newest checkpoint dated ${newest.createTime.toISOString()}, which is in the future`;
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
