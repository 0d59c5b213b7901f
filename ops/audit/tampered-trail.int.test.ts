import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { AuditChain } from "@medconnect/platform/audit/audit-chain.ts";
import { readHead } from "@medconnect/platform/audit/seal-store.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import { HOUR, KEY, MINUTE, OTHER_KEY, TrailTest } from "./testing/trail-test.ts";

let trail: TrailTest;

beforeAll(async () => {
  trail = await TrailTest.open();
});
afterAll(() => trail.close());
beforeEach(() => trail.reset());

describe("an administrator of the database", () => {
  const ids = "(SELECT event_id FROM audit_seals WHERE seq IN (?))";
  /** Makes ten sealed events, with checkpoints after the fifth and the tenth. */
  beforeEach(async () => {
    for (let times = 0; times < 2; times++) {
      await trail.happen(5);
      await trail.sealer.seal();
      await trail.leaveCheckpoint();
      trail.billing.clock.advance(2 * HOUR);
    }
    expect(await trail.findings()).toEqual([]);
  });

  const run = async (...statements: [sql: string, ...params: SqlScalar[]][]) => {
    for (const [sql, ...params] of statements) await trail.billing.db.write(sql, params);
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
    expect(await trail.findings()).toContain(finding);
  });

  test("the cases above cover every stored column", async () => {
    const columns = await trail.billing.db.read(
      `SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'audit_events'
       AND GENERATION_EXPRESSION = ''`,
    );
    expect(columns).toHaveLength(10);
  });

  test("cannot delete an event", async () => {
    await run([`DELETE FROM audit_events WHERE id IN ${ids}`, 4]);
    expect(await trail.findings()).toEqual(["EVENT_DELETED 4"]);
  });

  test("cannot delete an event with its seal", async () => {
    await run([`DELETE FROM audit_events WHERE id IN ${ids}`, 4], ["DELETE FROM audit_seals WHERE seq = 4"]);
    expect(await trail.findings()).toEqual(["SEALS_MISSING 5"]);
  });

  test("cannot renumber the seals to hide the gap", async () => {
    await run(
      [`DELETE FROM audit_events WHERE id IN ${ids}`, 4],
      ["DELETE FROM audit_seals WHERE seq = 4"],
      ["UPDATE audit_seals SET seq = seq - 1 WHERE seq > 4 ORDER BY seq"],
    );
    const found = await trail.findings();
    expect(found).toEqual(expect.arrayContaining(["EVENT_CHANGED 4", "REWRITTEN 5", "TRUNCATED 10"]));
  });

  test("cannot reorder events", async () => {
    await run(
      ["UPDATE audit_seals SET seq = 99 WHERE seq = 2"],
      ["UPDATE audit_seals SET seq = 2 WHERE seq = 3"],
      ["UPDATE audit_seals SET seq = 3 WHERE seq = 99"],
    );
    expect(await trail.findings()).toEqual(["EVENT_CHANGED 2", "EVENT_CHANGED 3", "EVENT_CHANGED 4"]);
  });

  test("cannot point a seal to another event", async () => {
    await trail.happen(1, 5 * HOUR);
    const [other] = await trail.unsealedIds();
    await run(["UPDATE audit_seals SET event_id = ? WHERE seq = 2", binaryId(other!)]);
    expect(await trail.findings()).toEqual(["EVENT_CHANGED 2", "EVENT_UNSEALED"]);
  });

  test("cannot backdate an event: neither a running sealer nor a new one seals it", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    await trail.happen(1, 6 * MINUTE);
    trail.billing.clock.advance(MINUTE);
    for (const each of [trail.sealer, trail.newSealer()]) await each.seal();
    trail.billing.clock.advance(2 * HOUR);
    expect(await trail.findings()).toEqual(["EVENT_UNSEALED"]);
  });

  test.each([
    "0000-00-00 00:00:00",
    "0000-00-15 00:00:00",
    "0001-01-01 00:00:00",
    "0999-12-31 23:59:59.999",
    "2025-00-00 00:00:00",
  ])("cannot put an event at %s, a time that no service writes", async (time) => {
    const [event] = await trail.happen(1, 6 * MINUTE);
    await run(["UPDATE audit_events SET occur_time = ? WHERE id = ?", time, binaryId(event!.id)]);
    for (const each of [trail.sealer, trail.newSealer()]) await each.seal();
    expect(await trail.findings()).toEqual(["EVENT_UNSEALED"]);
  });

  test.each([
    ["of zeros", 0],
    ["behind all others", 0xff],
  ])("cannot put an event in under an id %s", async (_case, byte) => {
    const [event] = await trail.happen(1, 8 * HOUR);
    await run(["UPDATE audit_events SET id = ? WHERE id = ?", Buffer.alloc(16, byte), binaryId(event!.id)]);
    expect(await trail.findings()).toEqual(["EVENT_UNSEALED"]);
  });

  test("cannot hide an event among several pages of others", async () => {
    await trail.happen(10_500, 8 * HOUR);
    expect(new Set((await trail.findings()).filter((kind) => kind !== "EVENT_UNSEALED"))).toEqual(new Set());
    expect(await trail.findings()).toHaveLength(10_500);
  });

  test("cannot redate an old checkpoint to hide missing ones", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    trail.billing.clock.advance(2 * HOUR);
    for (const aheadMs of [0, 50 * HOUR]) {
      const time = new Date(trail.billing.clock.now().getTime() + aheadMs);
      await trail.auth.db.write("UPDATE audit_checkpoints SET create_time = ?", [time]);
      expect(await trail.findings()).toEqual(["UNWITNESSED 11"]);
    }
  });

  test("cannot insert an event with a seal of another key, known or unknown", async () => {
    const [event] = await trail.happen(1, 8 * HOUR);
    const head = await readHead(trail.billing.db);
    const row = { id: event!.id, occur_time: event!.occurTime };
    const [forged] = new AuditChain("billing", [OTHER_KEY]).extend(head, [row]);
    await run([
      "INSERT INTO audit_seals VALUES (11, ?, ?, ?)",
      binaryId(event!.id),
      forged!.keyId,
      forged!.hmac,
    ]);
    expect(await trail.findings()).toEqual(["KEY_UNKNOWN 11", "UNWITNESSED 11"]);
    expect(await trail.findings([KEY, OTHER_KEY])).toEqual(["EVENT_CHANGED 11", "UNWITNESSED 11"]);
  });

  test("cannot truncate the trail", async () => {
    await run([`DELETE FROM audit_events WHERE id IN ${ids.replace("IN (?)", "> ?")}`, 7]);
    await run(["DELETE FROM audit_seals WHERE seq > 7"]);
    expect(await trail.findings([KEY], null)).toEqual([]);
    expect(await trail.findings()).toEqual(["TRUNCATED 10", "UNWITNESSED 6"]);
    // Later events with new seals do not hide the deletion.
    await trail.happen(5);
    await trail.newSealer().seal();
    expect(await trail.findings()).toEqual(["REWRITTEN 10"]);
  });

  test("cannot rewrite the trail, even with the key", async () => {
    await run(
      ["UPDATE audit_events SET actor_id = 'mallory' WHERE actor_id <> ''"],
      ["DELETE FROM audit_seals"],
    );
    await trail.newSealer().seal();
    expect(await readHead(trail.billing.db)).toMatchObject({ seq: 10 });
    expect(await trail.findings([KEY], null)).toEqual([]);
    expect(await trail.findings()).toEqual(["REWRITTEN 5", "REWRITTEN 10"]);
  });
});
