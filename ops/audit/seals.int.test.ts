import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { AuditChain, GENESIS } from "@medconnect/platform/audit/audit-chain.ts";
import { type AuditRecord, auditRows, INSERT_AUDIT_EVENTS } from "@medconnect/platform/audit/audit-store.ts";
import {
  farthestPlausible,
  leaveCheckpoints,
  recordCheckpoint,
} from "@medconnect/platform/audit/checkpoints.ts";
import { readHead } from "@medconnect/platform/audit/seal-store.ts";
import { Sealer } from "@medconnect/platform/audit/sealer.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { GrpcClient } from "@medconnect/platform/grpc/client.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { asAnother } from "@medconnect/platform/testing/interleaving.ts";
import {
  bound,
  invoke,
  startTestService,
  type TestService,
} from "@medconnect/platform/testing/test-service.ts";
import {
  AuditServiceService,
  type RecordCheckpointRequest,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { verifyTrail } from "./verify-trail.ts";

const [KEY, OTHER_KEY] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as const;
const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

let billing: TestService;
let auth: TestService;
let sealer: Sealer;

beforeAll(async () => {
  [billing, auth] = await Promise.all([startTestService("billing"), startTestService("auth")]);
});
afterAll(() => Promise.all([billing.close(), auth.close()]));
beforeEach(async () => {
  for (const { db } of [billing, auth]) {
    await db.transaction(async (tx) => {
      for (const table of ["audit_events", "audit_seals", "audit_checkpoints"])
        tx.defer(`DELETE FROM ${table}`);
    });
  }
  sealer = newSealer();
});

const newSealer = (keys: Buffer[] = [KEY]) =>
  new Sealer({ db: billing.db, clock: billing.clock, chain: new AuditChain("billing", keys) });

const eventAt = (occurTime: Date): AuditRecord => ({
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

/** Writes audit events that happened `agoMs` ago. */
async function happen(count: number, agoMs = 0): Promise<AuditRecord[]> {
  const events = Array.from({ length: count }, () =>
    eventAt(new Date(billing.clock.now().getTime() - agoMs)),
  );
  for (let from = 0; from < count; from += 1000)
    await billing.db.write(INSERT_AUDIT_EVENTS, [auditRows(events.slice(from, from + 1000))]);
  return events;
}

/** The RPC of auth with which billing stores its checkpoints; auth is billing's witness. */
const witness = () =>
  bound(recordCheckpoint, {
    service: "auth",
    db: auth.db,
    clock: billing.clock,
    log: billing.log,
    witnessOf: (service: string) => (service === "billing" ? "auth" : "billing"),
    everyMs: MINUTE,
  });
const BILLING = { caller: { kind: "service", name: "billing" } } as Call;

/** Sends a service's checkpoint to auth, by default billing's. */
async function leaveCheckpoint(name = "billing"): Promise<void> {
  const { seq, hmac } = await readHead(billing.db);
  await invoke(AuditServiceService.recordCheckpoint, witness(), { kind: "service", name }, { seq, hmac });
}

/** Kinds of the findings in billing's trail, each with the number of its seal, if it has one. */
async function findings(keys: Buffer[] = [KEY], witness: Database | null = auth.db): Promise<string[]> {
  const found: string[] = [];
  const chain = new AuditChain("billing", keys);
  const sealedBefore = new Date(billing.clock.now().getTime() - HOUR);
  const trail = { service: "billing", chain, db: billing.db, witness: witness ?? undefined, sealedBefore };
  for await (const { kind, seq } of verifyTrail(trail, () => {})) found.push(`${kind} ${seq ?? ""}`.trim());
  return found;
}

const sealedIds = async () =>
  (await billing.db.read<{ event_id: string }>("SELECT event_id FROM audit_seals ORDER BY seq")).map(
    (row) => row.event_id,
  );

const idsOf = (events: AuditRecord[]) => events.map(({ id }) => id);

describe("sealing", () => {
  test("seals every event once, in the order of their times", async () => {
    const old = await happen(700, 10 * SECOND);
    const events = [...old, ...(await happen(700))];
    await sealer.seal();
    await sealer.seal();
    expect(await sealedIds()).toEqual(idsOf(events));
    await leaveCheckpoint();
    expect(await findings()).toEqual([]);
  });

  test("reads any number of events in pages, even events of one instant", async () => {
    await happen(10_500);
    await sealer.seal();
    expect(new Set(await sealedIds()).size).toBe(10_500);
    expect(await findings()).toEqual([]);
  });

  test("seals events that commit late", async () => {
    await billing.db.transaction(async (tx) => {
      await tx.write(INSERT_AUDIT_EVENTS, [auditRows([eventAt(billing.clock.now())])]);
      billing.clock.advance(5 * SECOND);
      await asAnother(happen, 1);
      await asAnother(() => sealer.seal());
      expect(await sealedIds()).toHaveLength(1);
    });
    await sealer.seal();
    expect(await sealedIds()).toHaveLength(2);
  });

  test("seals events that commit very late within a minute", async () => {
    await happen(1);
    await sealer.seal();
    await happen(1, 2 * MINUTE);
    await sealer.seal();
    expect(await sealedIds()).toHaveLength(1);
    billing.clock.advance(MINUTE);
    await sealer.seal();
    expect(await sealedIds()).toHaveLength(2);
  });

  test("continues from the last seal after any time", async () => {
    await happen(3, 200 * HOUR);
    await sealer.seal();
    await happen(3, 100 * HOUR);
    await happen(3);
    await newSealer().seal();
    await leaveCheckpoint();
    expect(await sealedIds()).toHaveLength(9);
    expect(await findings()).toEqual([]);
  });

  test("several concurrent sealers make one chain", async () => {
    const sealers = [sealer, newSealer(), newSealer()];
    for (let round = 0; round < 10; round++) {
      await Promise.all([happen(300), ...sealers.map((each) => each.seal())]);
    }
    for (const each of sealers) await each.seal();
    expect(new Set(await sealedIds()).size).toBe(3000);
    expect(await readHead(billing.db)).toMatchObject({ seq: 3000 });
    expect(await findings()).toEqual([]);
  });

  test("another sealer continues after one was killed mid-transaction", async () => {
    await happen(10);
    await sealer.seal();
    await happen(600);
    // This transaction inserts the next seal, but does not commit. The sealer waits for it, and is killed
    // while it waits.
    await billing.db
      .transaction(async (tx) => {
        await tx.write("INSERT INTO audit_seals VALUES (11, ?, 'x', ?)", [binaryId(newId()), KEY]);
        const cutOff = expect(asAnother(() => sealer.seal())).rejects.toMatchObject({
          reason: "UNAVAILABLE",
        });
        await asAnother(killConnection, "INSERT INTO audit_seals");
        await cutOff;
        throw new Error("given up");
      })
      .catch(() => {});
    expect(await readHead(billing.db)).toMatchObject({ seq: 10 });
    await newSealer().seal();
    expect(await readHead(billing.db)).toMatchObject({ seq: 610 });
    expect(await findings()).toEqual([]);
  });

  test("a new key seals, and checking the older seals needs the old key", async () => {
    await happen(2);
    await sealer.seal();
    await happen(2);
    await newSealer([OTHER_KEY, KEY]).seal();
    expect(await findings([OTHER_KEY, KEY])).toEqual([]);
    expect(await findings([OTHER_KEY])).toEqual(["KEY_UNKNOWN 1", "KEY_UNKNOWN 2"]);
  });

  test("a later column is sealed too, and keeps earlier seals valid", async () => {
    await happen(1);
    await sealer.seal();
    await billing.db.write("ALTER TABLE audit_events ADD COLUMN later VARCHAR(8) NULL");
    try {
      await happen(1);
      await billing.db.write("UPDATE audit_events SET later = 'a' WHERE id = ?", [
        binaryId((await unsealed())[0]!),
      ]);
      await sealer.seal();
      expect(await findings()).toEqual([]);
      await billing.db.write("UPDATE audit_events SET later = 'b' WHERE later = 'a'");
      expect(await findings()).toEqual(["EVENT_CHANGED 2"]);
    } finally {
      await billing.db.write("ALTER TABLE audit_events DROP COLUMN later");
    }
  });
});

const unsealed = async () =>
  (
    await billing.db.read<{ id: string }>(
      "SELECT id FROM audit_events WHERE id NOT IN (SELECT event_id FROM audit_seals)",
    )
  ).map(({ id }) => id);

/**
 * Kills the connection that runs a statement, and waits until the statement has ended. MySQL tells the client
 * of the kill before it stops the statement. Until then, the statement would still succeed if it got its
 * lock.
 */
async function killConnection(statement: string): Promise<void> {
  const connections = () =>
    billing.db.read<{ id: number }>(
      "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE CONCAT('%', ?, '%') AND ID <> CONNECTION_ID()",
      [statement],
    );
  const [found] = await eventually(connections, ({ length }) => length > 0);
  await billing.db.write(`KILL ${found!.id}`);
  await eventually(connections, ({ length }) => length === 0);
}

describe("an administrator of the database", () => {
  const ids = "(SELECT event_id FROM audit_seals WHERE seq IN (?))";
  /** Makes ten sealed events, with checkpoints after the fifth and the tenth. */
  beforeEach(async () => {
    for (let times = 0; times < 2; times++) {
      await happen(5);
      await sealer.seal();
      await leaveCheckpoint();
      billing.clock.advance(2 * HOUR);
    }
    expect(await findings()).toEqual([]);
  });

  const run = async (...statements: [sql: string, ...params: SqlValue[]][]) => {
    for (const [sql, ...params] of statements) await billing.db.write(sql, params);
  };

  test.each([
    ["id", "UUID_TO_BIN('0190a0a0-0000-7000-8000-000000000001')", "EVENT_DELETED 3"],
    ["action", "'booking.get'", "EVENT_CHANGED 3"],
    ["actor_id", "'mallory'", "EVENT_CHANGED 3"],
    ["subject_ids", "'[]'", "EVENT_CHANGED 3"],
    ["resource", "'payments/2'", "EVENT_CHANGED 3"],
    ["outcome", "'DENIED'", "EVENT_CHANGED 3"],
    ["request_id", "'r2'", "EVENT_CHANGED 3"],
    ["trace_id", "REVERSE(trace_id)", "EVENT_CHANGED 3"],
    ["occur_time", "occur_time + INTERVAL 1000 MICROSECOND", "EVENT_CHANGED 3"],
    ["grant_id", "UUID_TO_BIN('0190a0a0-0000-7000-8000-000000000001')", "EVENT_CHANGED 3"],
  ])("cannot change an event's %s", async (column, value, finding) => {
    await run([`UPDATE audit_events SET ${column} = ${value} WHERE id = ${ids}`, 3]);
    expect(await findings()).toContain(finding);
  });

  test("the cases above cover every stored column", async () => {
    const columns = await billing.db.read(
      `SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'audit_events'
       AND GENERATION_EXPRESSION = ''`,
    );
    expect(columns).toHaveLength(10);
  });

  test("cannot delete an event", async () => {
    await run([`DELETE FROM audit_events WHERE id IN ${ids}`, 4]);
    expect(await findings()).toEqual(["EVENT_DELETED 4"]);
  });

  test("cannot delete an event with its seal", async () => {
    await run([`DELETE FROM audit_events WHERE id IN ${ids}`, 4], ["DELETE FROM audit_seals WHERE seq = 4"]);
    expect(await findings()).toEqual(["SEALS_MISSING 5"]);
  });

  test("cannot renumber the seals to hide the gap", async () => {
    await run(
      [`DELETE FROM audit_events WHERE id IN ${ids}`, 4],
      ["DELETE FROM audit_seals WHERE seq = 4"],
      ["UPDATE audit_seals SET seq = seq - 1 WHERE seq > 4 ORDER BY seq"],
    );
    const found = await findings();
    expect(found).toEqual(expect.arrayContaining(["EVENT_CHANGED 4", "REWRITTEN 5", "TRUNCATED 10"]));
  });

  test("cannot reorder events", async () => {
    await run(
      ["UPDATE audit_seals SET seq = 99 WHERE seq = 2"],
      ["UPDATE audit_seals SET seq = 2 WHERE seq = 3"],
      ["UPDATE audit_seals SET seq = 3 WHERE seq = 99"],
    );
    expect(await findings()).toEqual(["EVENT_CHANGED 2", "EVENT_CHANGED 3", "EVENT_CHANGED 4"]);
  });

  test("cannot point a seal to another event", async () => {
    await happen(1, 5 * HOUR);
    const [other] = await unsealed();
    await run(["UPDATE audit_seals SET event_id = ? WHERE seq = 2", binaryId(other!)]);
    expect(await findings()).toEqual(["EVENT_CHANGED 2", "EVENT_UNSEALED"]);
  });

  test("cannot backdate an event: neither a running sealer nor a new one seals it", async () => {
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    await happen(1, 6 * MINUTE);
    billing.clock.advance(MINUTE);
    for (const each of [sealer, newSealer()]) await each.seal();
    billing.clock.advance(2 * HOUR);
    expect(await findings()).toEqual(["EVENT_UNSEALED"]);
  });

  test.each([
    "0000-00-00 00:00:00",
    "0000-00-15 00:00:00",
    "0001-01-01 00:00:00",
    "0999-12-31 23:59:59.999",
    "2025-00-00 00:00:00",
  ])("cannot put an event at %s, a time that no service writes", async (time) => {
    const [event] = await happen(1, 6 * MINUTE);
    await run(["UPDATE audit_events SET occur_time = ? WHERE id = ?", time, binaryId(event!.id)]);
    for (const each of [sealer, newSealer()]) await each.seal();
    expect(await findings()).toEqual(["EVENT_UNSEALED"]);
  });

  test.each([
    ["of zeros", 0],
    ["behind all others", 0xff],
  ])("cannot put an event in under an id %s", async (_case, byte) => {
    const [event] = await happen(1, 8 * HOUR);
    await run(["UPDATE audit_events SET id = ? WHERE id = ?", Buffer.alloc(16, byte), binaryId(event!.id)]);
    expect(await findings()).toEqual(["EVENT_UNSEALED"]);
  });

  test("cannot hide an event among several pages of others", async () => {
    await happen(10_500, 8 * HOUR);
    expect(new Set((await findings()).filter((kind) => kind !== "EVENT_UNSEALED"))).toEqual(new Set());
    expect(await findings()).toHaveLength(10_500);
  });

  test("cannot redate an old checkpoint to hide missing ones", async () => {
    await happen(1);
    await sealer.seal();
    billing.clock.advance(2 * HOUR);
    for (const aheadMs of [0, 50 * HOUR]) {
      const time = new Date(billing.clock.now().getTime() + aheadMs);
      await auth.db.write("UPDATE audit_checkpoints SET create_time = ?", [time]);
      expect(await findings()).toEqual(["UNWITNESSED 11"]);
    }
  });

  test("cannot insert an event with a seal of another key, known or unknown", async () => {
    const [event] = await happen(1, 8 * HOUR);
    const head = await readHead(billing.db);
    const row = { id: event!.id, occur_time: event!.occurTime };
    const [forged] = new AuditChain("billing", [OTHER_KEY]).extend(head, [row]);
    await run([
      "INSERT INTO audit_seals VALUES (11, ?, ?, ?)",
      binaryId(event!.id),
      forged!.keyId,
      forged!.hmac,
    ]);
    expect(await findings()).toEqual(["KEY_UNKNOWN 11", "UNWITNESSED 11"]);
    expect(await findings([KEY, OTHER_KEY])).toEqual(["EVENT_CHANGED 11", "UNWITNESSED 11"]);
  });

  test("cannot truncate the trail", async () => {
    await run([`DELETE FROM audit_events WHERE id IN ${ids.replace("IN (?)", "> ?")}`, 7]);
    await run(["DELETE FROM audit_seals WHERE seq > 7"]);
    expect(await findings([KEY], null)).toEqual([]);
    expect(await findings()).toEqual(["TRUNCATED 10", "UNWITNESSED 6"]);
    // Events that are sealed later do not hide the finding.
    await happen(5);
    await newSealer().seal();
    expect(await findings()).toEqual(["REWRITTEN 10"]);
  });

  test("cannot rewrite the trail, even with the key", async () => {
    await run(
      ["UPDATE audit_events SET actor_id = 'mallory' WHERE actor_id <> ''"],
      ["DELETE FROM audit_seals"],
    );
    await newSealer().seal();
    expect(await readHead(billing.db)).toMatchObject({ seq: 10 });
    expect(await findings([KEY], null)).toEqual([]);
    expect(await findings()).toEqual(["REWRITTEN 5", "REWRITTEN 10"]);
  });
});

describe("a checkpoint", () => {
  test("is stored once, however often it is sent", async () => {
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    await leaveCheckpoint();
    expect(await auth.db.read("SELECT service, seq FROM audit_checkpoints")).toEqual([
      { service: "billing", seq: 1 },
    ]);
  });

  test("of another head is stored beside the first", async () => {
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    await billing.db.write("UPDATE audit_seals SET hmac = ?", [GENESIS.hmac]);
    await leaveCheckpoint();
    expect(await findings()).toEqual(["EVENT_CHANGED 1", "REWRITTEN 1"]);
  });

  test.each([
    ["came", "UNWITNESSED 1", async () => {}],
    ["comes any more", "UNWITNESSED 2", leaveCheckpoint],
  ])("that never %s is reported, once it is overdue", async (_, finding, tell) => {
    await happen(1);
    await sealer.seal();
    await tell();
    await happen(1, -1);
    await sealer.seal();
    expect(await findings()).toEqual([]);
    billing.clock.advance(2 * HOUR);
    expect(await findings()).toEqual([finding]);
    expect(await findings([KEY], null)).toEqual([]);
    await leaveCheckpoint();
    expect(await findings()).toEqual([]);
  });

  test("may be old if no event happened since", async () => {
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    billing.clock.advance(50 * HOUR);
    await happen(1);
    await sealer.seal();
    expect(await findings()).toEqual([]);
  });

  test("raises a gauge while it cannot be sent; the gauge stays at 0 without new seals", async () => {
    const readMetrics = startMetrics("billing");
    const age = async () => Number(/^audit_checkpoint_age(?:\{.*\})? (\S+)$/m.exec(await readMetrics())?.[1]);
    const nobody = new GrpcClient("127.0.0.1:1");
    const { db, clock, serviceTokens } = billing;
    const leave = leaveCheckpoints(db, { name: "auth", client: nobody }, serviceTokens, clock);
    clock.advance(HOUR);
    await leave();
    expect(await age()).toBe(0);
    await happen(1);
    await sealer.seal();
    clock.advance(60 * SECOND);
    await expect(leave()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
    expect(await age()).toBe(60);
    nobody.close();
  });

  test("beyond any possible growth is refused, and the next true one is stored", async () => {
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    const jump = invoke(
      AuditServiceService.recordCheckpoint,
      witness(),
      { kind: "service", name: "billing" },
      { seq: 999_999, hmac: KEY },
    );
    await expect(jump).rejects.toMatchObject({ reason: "IMPLAUSIBLE_CHECKPOINT" });
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    expect(await findings()).toEqual([]);
    expect(await auth.db.read("SELECT seq FROM audit_checkpoints ORDER BY seq")).toEqual([
      { seq: 1 },
      { seq: 2 },
    ]);
  });

  test.each([
    ["a minute after the last true one", MINUTE, 310_001],
    ["a moment after the first one", 0, 10_001],
  ])("has one bound for all calls of one moment: %s", async (_case, afterMs, most) => {
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    billing.clock.advance(afterMs);
    const jumpTo = (seq: number) =>
      invoke(
        AuditServiceService.recordCheckpoint,
        witness(),
        { kind: "service", name: "billing" },
        { seq, hmac: KEY },
      ).catch(() => {});
    for (let seq = 10_001; seq <= 1_000_001; seq += 10_000) await jumpTo(seq);
    await Promise.all(Array.from({ length: 20 }, (_, i) => jumpTo(most + i * 10_000)));
    const farthest = "SELECT MAX(seq) AS seq FROM audit_checkpoints";
    expect(await auth.db.read(farthest)).toEqual([{ seq: most }]);
    // After another minute, auth accepts a `seq` that is up to 310 000 higher: 5000 a second, and a burst of
    // 10 000.
    billing.clock.advance(MINUTE);
    for (let i = 0; i < 3; i++) await jumpTo(most + 310_000 * (i + 1));
    expect(await auth.db.read(farthest)).toEqual([{ seq: most + 310_000 }]);
  });

  const told = { seq: 100, createTime: new Date("2030-01-01T09:00:00Z") };
  test.each([
    ["the first, however far", undefined, 0, Number.MAX_SAFE_INTEGER],
    ["ten thousand more at once", told, 0, 10_100],
    ["five thousand a second more", told, MINUTE, 310_100],
    ["two minutes' lines", told, 2 * MINUTE, 610_100],
    ["no more after a quiet week", told, 7 * 24 * HOUR, 610_100],
    ["ten thousand after a clock that was ahead", told, -HOUR, 10_100],
  ])("has a bound: %s", (_case, last, afterMs, expected) => {
    expect(farthestPlausible(last, new Date(told.createTime.getTime() + afterMs))).toBe(expected);
  });

  test.each([100 * SECOND, 24 * HOUR])(
    "beyond the bound is refused even after a quiet time of %s ms",
    async (quietMs) => {
      await happen(1);
      await sealer.seal();
      await leaveCheckpoint();
      billing.clock.advance(quietMs);
      await expect(witness()({ seq: 999_999, hmac: KEY }, BILLING)).rejects.toMatchObject({
        reason: "IMPLAUSIBLE_CHECKPOINT",
      });
      expect(await findings()).toEqual([]);
    },
  );

  test("reaches the head in steps after hours without a witness", async () => {
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    const seals = [400_000, 800_000, 1_200_000].map((seq) => [seq, binaryId(newId()), "key", KEY]);
    await billing.db.write("INSERT INTO audit_seals (seq, event_id, key_id, hmac) VALUES ?", [seals]);
    billing.clock.advance(3 * HOUR);
    const record = witness();
    const call = (_: unknown, request: RecordCheckpointRequest) => record(request, BILLING);
    const client = { call } as unknown as GrpcClient;
    const { db, clock, serviceTokens } = billing;
    const leave = leaveCheckpoints(db, { name: "auth", client }, serviceTokens, clock);
    for (const expected of [400_000, 800_000, 1_200_000]) {
      await leave();
      expect(await auth.db.read("SELECT MAX(seq) AS seq FROM audit_checkpoints")).toEqual([
        { seq: expected },
      ]);
      billing.clock.advance(2 * MINUTE);
    }
  });

  test("is accepted twenty times an interval", async () => {
    await happen(1);
    await sealer.seal();
    await leaveCheckpoint();
    const record = witness();
    const tell = (seq: number) => record({ seq, hmac: KEY }, BILLING);
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => tell(2 + (i % 50))));
    const refusals = results.filter(({ status }) => status === "rejected");
    expect(refusals).toHaveLength(80);
    for (const { reason } of refusals as PromiseRejectedResult[])
      expect(reason).toMatchObject({ reason: "RATE_LIMITED" });
    billing.clock.advance(MINUTE);
    await tell(100);
  });

  test("is accepted only from the service that this one witnesses", async () => {
    await happen(1);
    await sealer.seal();
    await expect(leaveCheckpoint("clinical")).rejects.toMatchObject({ reason: "PERMISSION_DENIED" });
  });
});
