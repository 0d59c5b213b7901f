import { expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { eventually, OutboxTest } from "@medconnect/platform/testing/outbox-test.ts";
import { discard, vouchFor } from "./not-genuine.ts";

const MINUTE_MS = 60_000;

const outbox = new OutboxTest();

test("an event without a MAC is dead at once, and sent after vouching", async () => {
  const [old, other] = await outbox.commit(2);
  const id = old!.event.id;
  const { db, hash, clock, transactions } = outbox.service;
  await db.write("UPDATE outbox SET mac = NULL WHERE id = ?", [id]);
  clock.advance(MINUTE_MS);
  const { relays, close } = outbox.startRelays(1);
  relays[0]!.start();
  await eventually(async () => (await outbox.undelivered()).length === 1);
  await eventually(async () => (await outbox.dead()).length === 1);
  expect(outbox.consumer.received.map(({ id }) => id)).toEqual([other!.event.id]);

  expect(await discard(transactions, [other!.event.id])).toEqual([]);
  expect(await vouchFor(transactions, hash, [id, newId()], clock.now())).toEqual([id]);
  await eventually(async () => (await outbox.undelivered()).length === 0);
  expect(outbox.consumer.received.map((event) => event.id)).toEqual([other!.event.id, id]);
  await close();
});
