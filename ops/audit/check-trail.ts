import { readFarthestCheckpoint } from "@medconnect/platform/audit/checkpoint-store.ts";
import { readHead } from "@medconnect/platform/audit/seal-store.ts";
import { commandTransactions } from "../command/command-transactions.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { type Found, findingsOf } from "./findings.ts";
import type { Source } from "./sources.ts";
import { withDatabases } from "./trail-databases.ts";

/**
 * Maximum number of findings of each kind that are printed. All findings are counted, including those that
 * are not printed.
 */
const SHOWN = 100;
const PROGRESS_EVERY_MS = 5000;

/** Prints the findings of one trail. @returns the number of findings without an acknowledgement */
export async function checkTrail(source: Source, sealedBefore: Date): Promise<number> {
  const { service } = source;
  const progress = new Progress(service);
  const counts = new Map<string, number>();
  let [open, acknowledged] = [0, 0];
  const witnessed = await withDatabases(source, async (databases) => {
    const acknowledgements = new Acknowledgements(service, source.keys);
    const gone = new Set((await acknowledgements.read(databases.db)).keys());
    for await (const found of findingsOf(source, databases, sealedBefore, progress.add)) {
      gone.delete(found.id);
      const count = (counts.get(found.kind) ?? 0) + 1;
      counts.set(found.kind, count);
      if (found.acknowledged) acknowledged++;
      else open++;
      if (count <= SHOWN) process.stdout.write(`${service}: ${lineOf(found)}\n`);
    }
    // Without the checkpoints, findings about a cut-off trail are not detected. So no finding counts as gone
    // here.
    if (!databases.witness) return "without its checkpoints, so a cut-off end is not found";
    const transactions = commandTransactions(databases.db);
    for (const id of gone) {
      await acknowledgements.end(transactions, id);
      process.stdout.write(`${service}: ${id} is gone, so its acknowledgement ends\n`);
    }
    const { seq } = await readHead(databases.db);
    return checkpointAge(await readFarthestCheckpoint(databases.witness, service, seq));
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

function checkpointAge(newest: { createTime: Date } | undefined): string {
  if (!newest) return "no checkpoint";
  const seconds = Math.round((Date.now() - newest.createTime.getTime()) / 1000);
  if (seconds < 0)
    return `newest checkpoint dated ${newest.createTime.toISOString()}, which is in the future`;
  const [size, unit] = UNITS.find(([size]) => seconds >= 2 * size) ?? [1, "s"];
  return `newest checkpoint ${Math.round(seconds / size)} ${unit} old`;
}

/** Units of time, the largest first: length in seconds, and symbol. */
const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
] as const;

/** Tells every few seconds that a long check is still running. */
class Progress {
  readonly #service: string;
  #reportedAtMs = Date.now();
  checked = 0;

  constructor(service: string) {
    this.#service = service;
  }

  add = (count: number): void => {
    this.checked += count;
    if (Date.now() - this.#reportedAtMs < PROGRESS_EVERY_MS) return;
    this.#reportedAtMs = Date.now();
    process.stderr.write(`${this.#service}: ${this.checked} seals and checkpoints so far\n`);
  };
}
