import { AuditChain } from "@medconnect/platform/audit/audit-chain.ts";
import { type AuditRecord, insertAuditEvents } from "@medconnect/platform/audit/audit-store.ts";
import { recordCheckpoint } from "@medconnect/platform/audit/checkpoints.ts";
import { readHead } from "@medconnect/platform/audit/seal-store.ts";
import { Sealer } from "@medconnect/platform/audit/sealer.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import {
  bound,
  invoke,
  startTestService,
  type TestService,
} from "@medconnect/platform/testing/test-service.ts";
import { AuditServiceService } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { verifyTrail } from "../verify-trail.ts";

export const [KEY, OTHER_KEY] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as const;
export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** The audit trail of billing, with auth, which stores billing's checkpoints (billing's witness). */
export class TrailTest {
  readonly billing: TestService;
  readonly auth: TestService;
  sealer: Sealer;

  private constructor(billing: TestService, auth: TestService) {
    this.billing = billing;
    this.auth = auth;
    this.sealer = this.newSealer();
  }

  static async open(): Promise<TrailTest> {
    return new TrailTest(...(await Promise.all([startTestService("billing"), startTestService("auth")])));
  }

  async close(): Promise<void> {
    await Promise.all([this.billing.close(), this.auth.close()]);
  }

  /** Empties both trails, and starts a new sealer. */
  async reset(): Promise<void> {
    for (const { db } of [this.billing, this.auth]) {
      await db.transaction(async (tx) => {
        for (const table of ["audit_events", "audit_seals", "audit_checkpoints"])
          tx.defer(`DELETE FROM ${table}`);
      });
    }
    this.sealer = this.newSealer();
  }

  newSealer(keys: Buffer[] = [KEY]): Sealer {
    const { db, clock } = this.billing;
    return new Sealer({ db, clock, chain: new AuditChain("billing", keys) });
  }

  /** Writes audit events that happened `agoMs` ago. */
  async happen(count: number, agoMs = 0): Promise<AuditRecord[]> {
    const occurTime = new Date(this.billing.clock.now().getTime() - agoMs);
    const events = Array.from({ length: count }, () => eventAt(occurTime));
    for (let from = 0; from < count; from += 1000) {
      await this.billing.db.transaction(async (tx) => insertAuditEvents(tx, events.slice(from, from + 1000)));
    }
    return events;
  }

  /** The RPC of auth with which billing stores its checkpoints. */
  witness() {
    return bound(recordCheckpoint, {
      service: "auth",
      db: this.auth.db,
      clock: this.billing.clock,
      log: this.billing.log,
      witnessOf: (service: string) => (service === "billing" ? "auth" : "billing"),
      everyMs: MINUTE,
    });
  }

  /** Stores the checkpoint of a service's newest seal at auth. The default service is billing. */
  async leaveCheckpoint(name = "billing"): Promise<void> {
    const { seq, hmac } = await readHead(this.billing.db);
    const caller = { kind: "service", name } as const;
    await invoke(AuditServiceService.recordCheckpoint, this.witness(), caller, { seq, hmac });
  }

  /**
   * Returns the kind of each finding in billing's trail, followed by the number of its seal, if it has one.
   */
  async findings(keys: Buffer[] = [KEY], witness: Database | null = this.auth.db): Promise<string[]> {
    const { db, clock } = this.billing;
    const found: string[] = [];
    const chain = new AuditChain("billing", keys);
    const sealedBefore = new Date(clock.now().getTime() - HOUR);
    const trail = { service: "billing", chain, db, witness: witness ?? undefined, sealedBefore };
    for await (const { kind, seq } of verifyTrail(trail, () => {})) found.push(`${kind} ${seq ?? ""}`.trim());
    return found;
  }

  async sealedIds(): Promise<string[]> {
    const rows = await this.billing.db.read<{ id: string }>(
      "SELECT event_id AS id FROM audit_seals ORDER BY seq",
    );
    return rows.map(({ id }) => id);
  }

  async unsealedIds(): Promise<string[]> {
    const rows = await this.billing.db.read<{ id: string }>(
      "SELECT id FROM audit_events WHERE id NOT IN (SELECT event_id FROM audit_seals)",
    );
    return rows.map(({ id }) => id);
  }
}

export const eventAt = (occurTime: Date): AuditRecord => ({
  id: newId(),
  action: "payment.authorize",
  actorId: newId(),
  subjectIds: [newId()],
  resource: "payments/1",
  outcome: "SUCCESS",
  requestId: "r1",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  occurTime,
});

export const idsOf = (events: AuditRecord[]): string[] => events.map(({ id }) => id);
