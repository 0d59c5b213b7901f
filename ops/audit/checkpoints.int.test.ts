import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { GENESIS } from "@medconnect/platform/audit/audit-chain.ts";
import { farthestPlausible, leaveCheckpoints } from "@medconnect/platform/audit/checkpoints.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { GrpcClient } from "@medconnect/platform/grpc/client.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { invoke } from "@medconnect/platform/testing/test-service.ts";
import {
  AuditServiceService,
  type RecordCheckpointRequest,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { HOUR, KEY, MINUTE, SECOND, TrailTest } from "./testing/trail-test.ts";

let trail: TrailTest;

beforeAll(async () => {
  trail = await TrailTest.open();
});
afterAll(() => trail.close());
beforeEach(() => trail.reset());

const BILLING = { caller: { kind: "service", name: "billing" } } as Call;

describe("a checkpoint", () => {
  test("is stored once, however often it is sent", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    await trail.leaveCheckpoint();
    expect(await trail.auth.db.read("SELECT service, seq FROM audit_checkpoints")).toEqual([
      { service: "billing", seq: 1 },
    ]);
  });

  test("of another head is stored beside the first", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    await trail.billing.db.write("UPDATE audit_seals SET hmac = ?", [GENESIS.hmac]);
    await trail.leaveCheckpoint();
    expect(await trail.findings()).toEqual(["EVENT_CHANGED 1", "REWRITTEN 1"]);
  });

  test.each([
    ["came", "UNWITNESSED 1", async () => {}],
    ["comes any more", "UNWITNESSED 2", () => trail.leaveCheckpoint()],
  ])("that never %s is reported, once it is overdue", async (_, finding, tell) => {
    await trail.happen(1);
    await trail.sealer.seal();
    await tell();
    await trail.happen(1, -1);
    await trail.sealer.seal();
    expect(await trail.findings()).toEqual([]);
    trail.billing.clock.advance(2 * HOUR);
    expect(await trail.findings()).toEqual([finding]);
    expect(await trail.findings([KEY], null)).toEqual([]);
    await trail.leaveCheckpoint();
    expect(await trail.findings()).toEqual([]);
  });

  test("may be old if no event happened since", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    trail.billing.clock.advance(50 * HOUR);
    await trail.happen(1);
    await trail.sealer.seal();
    expect(await trail.findings()).toEqual([]);
  });

  test("raises a gauge while it cannot be sent; the gauge stays at 0 without new seals", async () => {
    const readMetrics = startMetrics("billing");
    const age = async () =>
      Number(/^audit_checkpoint_age_seconds(?:\{.*\})? (\S+)$/m.exec(await readMetrics())?.[1]);
    const nobody = new GrpcClient("127.0.0.1:1");
    const { db, clock, serviceTokens } = trail.billing;
    const leave = leaveCheckpoints(db, { name: "auth", client: nobody }, serviceTokens, clock);
    clock.advance(HOUR);
    await leave();
    expect(await age()).toBe(0);
    await trail.happen(1);
    await trail.sealer.seal();
    clock.advance(60 * SECOND);
    await expect(leave()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
    expect(await age()).toBe(60);
    nobody.close();
  });

  test("beyond any possible growth is refused, and the next true one is stored", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    const jump = invoke(
      AuditServiceService.recordCheckpoint,
      trail.witness(),
      { kind: "service", name: "billing" },
      { seq: 999_999, hmac: KEY },
    );
    await expect(jump).rejects.toMatchObject({ reason: "IMPLAUSIBLE_CHECKPOINT" });
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    expect(await trail.findings()).toEqual([]);
    expect(await trail.auth.db.read("SELECT seq FROM audit_checkpoints ORDER BY seq")).toEqual([
      { seq: 1 },
      { seq: 2 },
    ]);
  });

  test.each([
    ["a minute after the last true one", MINUTE, 310_001],
    ["a moment after the first one", 0, 10_001],
  ])("has one bound for all calls of one moment: %s", async (_case, afterMs, most) => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    trail.billing.clock.advance(afterMs);
    const jumpTo = (seq: number) =>
      invoke(
        AuditServiceService.recordCheckpoint,
        trail.witness(),
        { kind: "service", name: "billing" },
        { seq, hmac: KEY },
      ).catch(() => {});
    for (let seq = 10_001; seq <= 1_000_001; seq += 10_000) await jumpTo(seq);
    await Promise.all(Array.from({ length: 20 }, (_, i) => jumpTo(most + i * 10_000)));
    const farthest = "SELECT MAX(seq) AS seq FROM audit_checkpoints";
    expect(await trail.auth.db.read(farthest)).toEqual([{ seq: most }]);
    // Auth accepts a `seq` that is higher than the last one by at most 5000 a second plus 10 000. So another
    // minute allows 310 000 more.
    trail.billing.clock.advance(MINUTE);
    for (let i = 0; i < 3; i++) await jumpTo(most + 310_000 * (i + 1));
    expect(await trail.auth.db.read(farthest)).toEqual([{ seq: most + 310_000 }]);
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
      await trail.happen(1);
      await trail.sealer.seal();
      await trail.leaveCheckpoint();
      trail.billing.clock.advance(quietMs);
      await expect(trail.witness()({ seq: 999_999, hmac: KEY }, BILLING)).rejects.toMatchObject({
        reason: "IMPLAUSIBLE_CHECKPOINT",
      });
      expect(await trail.findings()).toEqual([]);
    },
  );

  test("reaches the head in steps after hours without a witness", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    const seals = [400_000, 800_000, 1_200_000].map((seq) => [seq, binaryId(newId()), "key", KEY]);
    await trail.billing.db.write("INSERT INTO audit_seals (seq, event_id, key_id, hmac) VALUES ?", [seals]);
    trail.billing.clock.advance(3 * HOUR);
    const record = trail.witness();
    const call = (_: unknown, request: RecordCheckpointRequest) => record(request, BILLING);
    const client = { call } as unknown as GrpcClient;
    const { db, clock, serviceTokens } = trail.billing;
    const leave = leaveCheckpoints(db, { name: "auth", client }, serviceTokens, clock);
    for (const expected of [400_000, 800_000, 1_200_000]) {
      await leave();
      expect(await trail.auth.db.read("SELECT MAX(seq) AS seq FROM audit_checkpoints")).toEqual([
        { seq: expected },
      ]);
      trail.billing.clock.advance(2 * MINUTE);
    }
  });

  test("is accepted twenty times an interval", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.leaveCheckpoint();
    const record = trail.witness();
    const tell = (seq: number) => record({ seq, hmac: KEY }, BILLING);
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => tell(2 + (i % 50))));
    const refusals = results.filter(({ status }) => status === "rejected");
    expect(refusals).toHaveLength(80);
    for (const { reason } of refusals as PromiseRejectedResult[])
      expect(reason).toMatchObject({ reason: "RATE_LIMITED" });
    trail.billing.clock.advance(MINUTE);
    await tell(100);
  });

  test("is accepted only from the service that this one witnesses", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await expect(trail.leaveCheckpoint("clinical")).rejects.toMatchObject({ reason: "PERMISSION_DENIED" });
  });
});
