import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { insertAuditEvents } from "@medconnect/platform/audit/audit-store.ts";
import { readHead } from "@medconnect/platform/audit/seal-store.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { asAnother } from "@medconnect/platform/testing/interleaving.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { eventAt, HOUR, idsOf, KEY, MINUTE, OTHER_KEY, SECOND, TrailTest } from "./testing/trail-test.ts";

let trail: TrailTest;

beforeAll(async () => {
  trail = await TrailTest.open();
});
afterAll(() => trail.close());
beforeEach(() => trail.reset());

describe("sealing", () => {
  test("seals every event once, in the order of their times", async () => {
    const old = await trail.happen(700, 10 * SECOND);
    const events = [...old, ...(await trail.happen(700))];
    await trail.sealer.seal();
    await trail.sealer.seal();
    expect(await trail.sealedIds()).toEqual(idsOf(events));
    await trail.leaveCheckpoint();
    expect(await trail.findings()).toEqual([]);
  });

  test("reads any number of events in pages, even events of one instant", async () => {
    await trail.happen(10_500);
    await trail.sealer.seal();
    expect(new Set(await trail.sealedIds()).size).toBe(10_500);
    expect(await trail.findings()).toEqual([]);
  });

  test("seals events that commit late", async () => {
    await trail.billing.db.transaction(async (tx) => {
      insertAuditEvents(tx, [eventAt(trail.billing.clock.now())]);
      // The insert is sent together with the next statement.
      await tx.read("SELECT 1");
      trail.billing.clock.advance(5 * SECOND);
      await asAnother(() => trail.happen(1));
      await asAnother(() => trail.sealer.seal());
      expect(await trail.sealedIds()).toHaveLength(1);
    });
    await trail.sealer.seal();
    expect(await trail.sealedIds()).toHaveLength(2);
  });

  test("seals events that commit very late within a minute", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.happen(1, 2 * MINUTE);
    await trail.sealer.seal();
    expect(await trail.sealedIds()).toHaveLength(1);
    trail.billing.clock.advance(MINUTE);
    await trail.sealer.seal();
    expect(await trail.sealedIds()).toHaveLength(2);
  });

  test("continues from the last seal after any time", async () => {
    await trail.happen(3, 200 * HOUR);
    await trail.sealer.seal();
    await trail.happen(3, 100 * HOUR);
    await trail.happen(3);
    await trail.newSealer().seal();
    await trail.leaveCheckpoint();
    expect(await trail.sealedIds()).toHaveLength(9);
    expect(await trail.findings()).toEqual([]);
  });

  test("several concurrent sealers make one chain", async () => {
    const sealers = [trail.sealer, trail.newSealer(), trail.newSealer()];
    for (let round = 0; round < 10; round++) {
      await Promise.all([trail.happen(300), ...sealers.map((each) => each.seal())]);
    }
    for (const each of sealers) await each.seal();
    expect(new Set(await trail.sealedIds()).size).toBe(3000);
    expect(await readHead(trail.billing.db)).toMatchObject({ seq: 3000 });
    expect(await trail.findings()).toEqual([]);
  });

  test("another sealer continues after one was killed mid-transaction", async () => {
    await trail.happen(10);
    await trail.sealer.seal();
    await trail.happen(600);
    // This transaction inserts seal 11, but does not commit. The sealer waits for the row, and its connection
    // is killed during the wait.
    await trail.billing.db
      .transaction(async (tx) => {
        await tx.write("INSERT INTO audit_seals VALUES (11, ?, 'x', ?)", [binaryId(newId()), KEY]);
        const cutOff = expect(asAnother(() => trail.sealer.seal())).rejects.toMatchObject({
          reason: "UNAVAILABLE",
        });
        await asAnother(killConnection, "INSERT INTO audit_seals");
        await cutOff;
        throw new Error("given up");
      })
      .catch(() => {});
    expect(await readHead(trail.billing.db)).toMatchObject({ seq: 10 });
    await trail.newSealer().seal();
    expect(await readHead(trail.billing.db)).toMatchObject({ seq: 610 });
    expect(await trail.findings()).toEqual([]);
  });

  test("a new key seals, and checking the older seals needs the old key", async () => {
    await trail.happen(2);
    await trail.sealer.seal();
    await trail.happen(2);
    await trail.newSealer([OTHER_KEY, KEY]).seal();
    expect(await trail.findings([OTHER_KEY, KEY])).toEqual([]);
    expect(await trail.findings([OTHER_KEY])).toEqual(["KEY_UNKNOWN 1", "KEY_UNKNOWN 2"]);
  });

  test("a later column is sealed too, and keeps earlier seals valid", async () => {
    await trail.happen(1);
    await trail.sealer.seal();
    await trail.billing.db.write("ALTER TABLE audit_events ADD COLUMN later VARCHAR(8) NULL");
    try {
      await trail.happen(1);
      await trail.billing.db.write("UPDATE audit_events SET later = 'a' WHERE id = ?", [
        binaryId((await trail.unsealedIds())[0]!),
      ]);
      await trail.sealer.seal();
      expect(await trail.findings()).toEqual([]);
      await trail.billing.db.write("UPDATE audit_events SET later = 'b' WHERE later = 'a'");
      expect(await trail.findings()).toEqual(["EVENT_CHANGED 2"]);
    } finally {
      await trail.billing.db.write("ALTER TABLE audit_events DROP COLUMN later");
    }
  });
});

/**
 * Kills the connection that runs a statement, and waits until the statement has ended. MySQL reports the kill
 * to the client before the statement ends. In between, the statement could still get its lock and succeed.
 */
async function killConnection(statement: string): Promise<void> {
  const connections = () =>
    trail.billing.db.read<{ id: number }>(
      "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE CONCAT('%', ?, '%') AND ID <> CONNECTION_ID()",
      [statement],
    );
  const [found] = await eventually(connections, ({ length }) => length > 0);
  await trail.billing.db.write(`KILL ${found!.id}`);
  await eventually(connections, ({ length }) => length === 0);
}
