import { HttpClient, type Outcome, type Sent } from "../faults/http-client.ts";
import type { Schemas } from "../faults/invariants/schemas.ts";

/** A change that a client asked for. Times are of this machine's clock, in ms. */
interface Change {
  readonly call: string;
  /** Time of the first attempt. */
  readonly sentMs: number;
  /** Time of the first successful response. */
  acknowledgedMs?: number;
}

const SHOWN = 5;

const AUDITED = ["auth", "scheduling", "clinical", "billing"]
  .map((service) => `SELECT request_id AS id FROM ${service}.audit_events`)
  .join(" UNION ");

/** HTTP client that records when each change was sent and acknowledged, by its idempotency key. */
export class RecordingClient extends HttpClient {
  readonly #changes = new Map<string, Change>();

  override async send(call: string, sent: Sent = {}, timeoutMs?: number): Promise<Outcome> {
    const { key } = sent;
    if (key === undefined) return await super.send(call, sent, timeoutMs);
    const change = this.#changes.get(key) ?? { call, sentMs: Date.now() };
    this.#changes.set(key, change);
    const outcome = await super.send(call, sent, timeoutMs);
    if (outcome.kind === "ok") change.acknowledgedMs ??= Date.now();
    return outcome;
  }

  /**
   * Forgets changes that a system at its end has no audit entry for: they found all as it should be, such as a move of
   * a booking to its own slot.
   */
  async forgetIdle(schemas: Schemas): Promise<void> {
    const audited = await auditedIn(schemas);
    for (const key of this.#changes.keys()) if (!audited.has(key)) this.#changes.delete(key);
  }

  /**
   * Compares restored schemas with the changes up to a moment. A change and its audit entry commit together. So each
   * change acknowledged before the moment has an entry, and no change sent after the moment has one. A change that was
   * under way at the moment may have one.
   */
  async violations(schemas: Schemas, moment: Date): Promise<string[]> {
    const audited = await auditedIn(schemas);
    const atMs = moment.getTime();
    const before = [...this.#changes].filter(([, { acknowledgedMs = Infinity }]) => acknowledgedMs <= atMs);
    const after = [...this.#changes].filter(([, { sentMs }]) => sentMs > atMs);
    const between = this.#changes.size - before.length - after.length;
    process.stdout.write(
      `\nChanges at ${moment.toISOString()}: ${before.length} acknowledged, ${between} under way, ${after.length} sent later\n`,
    );
    return [
      ...listed(
        "acknowledged before the moment and lost",
        before.filter(([key]) => !audited.has(key)),
      ),
      ...listed(
        "sent after the moment and there",
        after.filter(([key]) => audited.has(key)),
      ),
      ...(before.length > 0 && after.length > 0 ? [] : ["the moment is not in mid-load"]),
    ];
  }
}

async function auditedIn(schemas: Schemas): Promise<ReadonlySet<unknown>> {
  return new Set((await schemas.rows(AUDITED)).map(({ id }) => id));
}

const listed = (problem: string, changes: [string, Change][]): string[] =>
  changes.length === 0
    ? []
    : [
        `${changes.length} changes ${problem}: ${changes
          .slice(0, SHOWN)
          .map(([key, { call }]) => `${call} (${key})`)
          .join(", ")}`,
      ];
