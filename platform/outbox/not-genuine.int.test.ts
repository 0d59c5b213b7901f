import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import { replayDeadEvents } from "../dead-events/replay-dead-event.ts";
import { eventually, OutboxTest } from "../testing/outbox-test.ts";

const MINUTE_MS = 60_000;

const ACTOR = "command:test";

const outbox = new OutboxTest();

describe("a row that the service did not write", () => {
  const write = (sql: string, ...params: SqlScalar[]) => outbox.service.db.write(sql, params);
  const payloadOf = async (id: string): Promise<Buffer> =>
    (await outbox.service.db.read<{ payload: Buffer }>("SELECT payload FROM outbox WHERE id = ?", [id]))[0]!
      .payload;

  test.each<[string, string, string, (id: string) => Promise<unknown>]>([
    [
      "changed",
      "FORGED",
      "clinical",
      async (id) => {
        const event = { ...Event.decode(await payloadOf(id)), version: 7 };
        await write(
          "UPDATE outbox SET payload = ? WHERE id = ?",
          Buffer.from(Event.encode(event).finish()),
          id,
        );
      },
    ],
    [
      "given another destination",
      "FORGED",
      "billing",
      (id) => write("UPDATE outbox SET destination = 'clinical' WHERE id = ?", id),
    ],
    [
      "given a made-up MAC",
      "FORGED",
      "clinical",
      (id) => write("UPDATE outbox SET mac = ? WHERE id = ?", randomBytes(32), id),
    ],
    [
      "stripped of its MAC",
      "UNSIGNED",
      "clinical",
      (id) => write("UPDATE outbox SET mac = NULL WHERE id = ?", id),
    ],
  ])("%s is %s: never sent, and dead, while others are delivered", async (_, reason, written, forge) => {
    const [forged] = await outbox.commit(1, written);
    await forge(forged!.event.id);
    const others = await outbox.commit(4);
    outbox.service.clock.advance(MINUTE_MS);
    const { relays, close } = outbox.startRelays(2);
    for (const relay of relays) relay.start();
    await eventually(async () => (await outbox.undelivered()).every(({ dead }) => dead));
    expect(await outbox.undelivered()).toMatchObject([
      { id: forged!.event.id, lastError: reason, refusals: 1 },
    ]);
    expect(outbox.consumer.received.map(({ id }) => id).sort()).toEqual(
      others.map(({ event }) => event.id).sort(),
    );
    expect(await replayDeadEvents(outbox.service, ACTOR, outbox.service.clock.now())).toEqual([]);
    await close();
  });
});
