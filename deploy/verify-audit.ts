// `npm run audit:verify`: says whether somebody has tampered with the audit trail.
import { parseArgs } from "node:util";
import { AuditChain } from "@medconnect/platform/audit/audit-chain.ts";
import { WITNESS_OF } from "@medconnect/platform/audit/checkpoints.ts";
import { readNewestCheckpoint } from "@medconnect/platform/audit/seal-store.ts";
import { FINDINGS, type Finding, verifyTrail } from "@medconnect/platform/audit/verify-trail.ts";
import { duration, keys, loadConfig, settingOf } from "@medconnect/platform/config.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { z } from "zod";
import type { Service } from "./provision.ts";
import { RunningStack, servicesNamed } from "./running-stack.ts";
import { SetupError } from "./setup-error.ts";

const HELP = `Usage: npm run audit:verify [-- --service NAME] [--grace 2h] [--no-witness]

Checks each service's audit trail against its seals, and the seals against what another service was told of them. Finds
events that were changed, deleted, put in or put in another order, and a trail that was cut off or written anew, or whose
checkpoints stopped coming, so that it could be cut off from there. What came after the newest checkpoint can be cut off
unseen, so its age is told.
Prints what it finds; exits with 0 if all is well, with 1 if not, with 2 if it cannot be told.

  --service NAME   only this service's trail: auth, scheduling, clinical or billing
  --grace TIME     how long an event may be without a seal, and a seal without a checkpoint of it or a later one (2h)
  --no-witness     without the checkpoints, so that a cut-off end is not found
  --help           shows this

Environment, in place of the system that runs here (STACK_JSON names its stack.json); --service says whose trail it is:
  DATABASE_URL           the service's database: mysql://user:password@host:port/schema
  WITNESS_DATABASE_URL   that of the service that keeps its checkpoints, if not --no-witness:
                         ${Object.entries(WITNESS_OF)
                           .map(([service, witness]) => `${witness} for ${service}`)
                           .join(", ")}
  AUDIT_KEY              the service's, and by comma all that it had before
`;

/** Of each kind; all are counted. */
const SHOWN = 100;
const PROGRESS_EVERY_MS = 5000;
const STATEMENT_TIMEOUT_MS = 60_000;

/** Where a service's trail is, and what opens it. */
interface Source {
  service: Service;
  databaseUrl: string;
  witnessUrl: string | undefined;
  keys: Buffer[];
}

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      service: { type: "string" },
      grace: { type: "string" },
      "no-witness": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const grace = duration("2h").safeParse(flags.grace);
  if (!grace.success) throw new Error(`--grace ${grace.error.issues[0]!.message}.`);
  let findings = 0;
  for (const source of sourcesOf(flags.service, !flags["no-witness"])) {
    findings += await verify(source, grace.data);
  }
  return findings > 0 ? 1 : 0;
}

/** Prints what is wrong with one trail. @returns how many findings there are */
async function verify(source: Source, graceMs: number): Promise<number> {
  const { service } = source;
  const db = open(source.databaseUrl);
  const witness = source.witnessUrl === undefined ? undefined : open(source.witnessUrl);
  const chain = new AuditChain(service, source.keys);
  const sealedBefore = new Date(Date.now() - graceMs);
  const progress = new Progress(service);
  const counts = new Map<Finding["kind"], number>();
  let witnessed = "without its checkpoints, so a cut-off end is not found";
  try {
    for await (const finding of verifyTrail({ service, chain, db, witness, sealedBefore }, progress.add)) {
      const count = (counts.get(finding.kind) ?? 0) + 1;
      counts.set(finding.kind, count);
      if (count <= SHOWN) process.stdout.write(`${service}: ${describe(finding)}\n`);
    }
    if (witness) witnessed = checkpointAge(await readNewestCheckpoint(witness, service));
  } finally {
    await db.close();
    await witness?.close();
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  process.stdout.write(
    `${service}: ${progress.checked} seals and checkpoints, ${total} findings; ${witnessed}\n`,
  );
  return total;
}

function checkpointAge(newest: { create_time: Date } | undefined): string {
  if (!newest) return "no checkpoint";
  const seconds = Math.max(0, Math.round((Date.now() - newest.create_time.getTime()) / 1000));
  const [size, unit] = UNITS.find(([size]) => seconds >= 2 * size) ?? [1, "s"];
  return `newest checkpoint ${Math.round(seconds / size)} ${unit} old`;
}

/** In seconds; the largest first. */
const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
] as const;

const open = (url: string) => new Database({ url, poolSize: 1, timeoutMs: STATEMENT_TIMEOUT_MS });

function describe({ kind, seq, eventId, time }: Finding): string {
  const where = [
    seq !== undefined && `seal ${seq}`,
    eventId !== undefined && `event ${eventId}`,
    time?.toISOString(),
  ];
  return `${FINDINGS[kind]}: ${where.filter(Boolean).join(", ")}`;
}

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

/** @param asksWitness whether the seals are to be compared with what another service was told of them */
function sourcesOf(name: string | undefined, asksWitness: boolean): Source[] {
  const named = servicesNamed(name);
  if (settingOf("DATABASE_URL")) {
    if (!name) throw new SetupError("Say with --service whose trail it is.");
    return [sourceInEnvironment(named[0]!, asksWitness)];
  }
  const stack = new RunningStack("DATABASE_URL");
  return named.map((service) => ({
    service,
    databaseUrl: stack.databaseOf(service),
    witnessUrl: asksWitness ? stack.databaseOf(WITNESS_OF[service]!) : undefined,
    keys: keys.parse(stack.secrets.auditKeys[service]),
  }));
}

function sourceInEnvironment(service: Service, asksWitness: boolean): Source {
  const settings = { DATABASE_URL: z.string(), WITNESS_DATABASE_URL: z.string().optional(), AUDIT_KEY: keys };
  const { DATABASE_URL, WITNESS_DATABASE_URL, AUDIT_KEY } = loadConfig(settings, process.env, 2);
  if (asksWitness && !WITNESS_DATABASE_URL) {
    throw new SetupError(
      "WITNESS_DATABASE_URL is missing; --no-witness does without, but finds no cut-off end.",
    );
  }
  const witnessUrl = asksWitness ? WITNESS_DATABASE_URL : undefined;
  return { service, databaseUrl: DATABASE_URL, witnessUrl, keys: AUDIT_KEY };
}

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\nSee npm run audit:verify -- --help.\n`);
  return 2;
});
