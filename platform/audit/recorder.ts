import type { Database } from "../db/database.ts";
import type { HiddenResource } from "../errors/api-error.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import { callerId } from "../identity/caller.ts";
import { newId } from "../ids/ids.ts";
import type { Logger } from "../telemetry/log.ts";
import { counter } from "../telemetry/metrics.ts";
import { activeTraceId } from "../telemetry/tracing.ts";
import type { Clock } from "../time/clock.ts";
import { type AuditRecord, insertAuditEvents, type Outcome } from "./audit-store.ts";

const DENIALS_A_MINUTE = 60;

const denials = counter("audit.denials", "Calls refused for lack of rights, by method");

/** An audit line to record that belongs to no change: a read or a failed attempt. */
export interface Access {
  resource: string;
  subjectIds: string[];
  outcome?: Outcome;
  /** Id of the actor; default: the caller. */
  actorId?: string;
  /** Id of the break-glass grant that allowed the read. */
  grantId?: string;
}

/**
 * Records audit lines that belong to no change: reads of personal health data, failed attempts and denials.
 */
export class AuditRecorder {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #denialsOf = new Map<string, number>();
  #minute = 0;

  constructor(db: Database, clock: Clock, log: Logger) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
  }

  /** Commits the lines in one insert. Callers wait for the commit before they send the response. */
  async record(call: Call, accesses: Access[]): Promise<void> {
    if (accesses.length === 0) return;
    const records = accesses.map((access) => this.#record(call, actorOf(call), access));
    await this.#insert(records);
  }

  /**
   * Records a denial in the background. Writes at most 60 lines per minute and caller; the metric also counts
   * further denials.
   */
  denied(call: Pick<Call, "method" | "caller" | "requestId">, hidden?: HiddenResource): void {
    denials({ "rpc.method": call.method.path.slice(1) });
    const actorId = callerId(call.caller);
    if (!this.#mayRecord(actorId)) return;
    const target = hidden ?? { resource: call.method.path, subjectIds: [] };
    const record = this.#record(call, actorId, { ...target, outcome: "DENIED" });
    this.#insert([record]).catch((error) => {
      this.#log.error({ err: error, rpc: call.method.path }, "denial cannot be recorded");
    });
  }

  #insert(records: AuditRecord[]): Promise<void> {
    return this.#db.transaction(async (tx) => insertAuditEvents(tx, records));
  }

  #record(call: Pick<Call, "method" | "requestId">, actorId: string, access: Access): AuditRecord {
    return {
      id: newId(),
      action: call.method.rules.audit,
      actorId: access.actorId ?? actorId,
      subjectIds: access.subjectIds,
      resource: access.resource,
      outcome: access.outcome ?? "SUCCESS",
      requestId: call.requestId,
      traceId: activeTraceId(),
      occurTime: this.#clock.now(),
      grantId: access.grantId,
    };
  }

  #mayRecord(actorId: string): boolean {
    const minute = Math.floor(this.#clock.now().getTime() / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#denialsOf.clear();
    }
    const count = (this.#denialsOf.get(actorId) ?? 0) + 1;
    this.#denialsOf.set(actorId, count);
    return count <= DENIALS_A_MINUTE;
  }
}
