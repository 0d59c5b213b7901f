import { expect, test } from "@jest/globals";
import { replayDeadEvents } from "../dead-events/replay-dead-event.ts";
import { asAnother } from "../testing/interleaving.ts";
import { eventually, OutboxTest } from "../testing/outbox-test.ts";
import { eventMac } from "./event-mac.ts";

const MINUTE_MS = 60_000;

const ACTOR = "command:test";

const outbox = new OutboxTest();

test("a committed event has reached its consumer when send resolves, and soon leaves the table", async () => {
  const { relays, close } = outbox.startRelays(1);
  const deliveries = await outbox.commit(3);
  await relays[0]!.send(deliveries);
  expect(outbox.consumer.received.map(({ id }) => id)).toEqual(deliveries.map(({ event }) => event.id));
  await eventually(async () => (await outbox.undelivered()).length === 0);
  await close();
});

test("events that are sent in one turn of the event loop share a call", async () => {
  const { relays, close } = outbox.startRelays(1);
  const deliveries = await outbox.commit(3);
  await Promise.all(deliveries.map((delivery) => relays[0]!.send([delivery])));
  expect(outbox.consumer.received).toHaveLength(3);
  expect(outbox.consumer.calls).toBe(1);
  await close();
});

test("a relay that stops deletes all applied events from the table", async () => {
  const { relays, close } = outbox.startRelays(1);
  await relays[0]!.send(await outbox.commit(3));
  await close();
  expect(await outbox.undelivered()).toEqual([]);
});

test("several relays deliver the events that a crash left in the table, each event once", async () => {
  await outbox.commit(500);
  outbox.service.clock.advance(MINUTE_MS);
  const { relays, close } = outbox.startRelays(3);
  for (const relay of relays) relay.start();
  await eventually(async () => (await outbox.undelivered()).length === 0);
  expect(new Set(outbox.consumer.received.map(({ id }) => id)).size).toBe(500);
  expect(outbox.consumer.received).toHaveLength(500);
  await close();
});

test("a refused event is dead after three attempts and blocks no other; once revived, it is delivered", async () => {
  const { relays, close } = outbox.startRelays(1);
  const deliveries = await outbox.commit(5);
  const poison = deliveries[2]!.event.id;
  outbox.consumer.refuses = ({ id }) => id === poison;
  relays[0]!.start();
  await relays[0]!.send(deliveries);
  expect(outbox.consumer.received).toHaveLength(4);
  await eventually(async () => {
    outbox.service.clock.advance(MINUTE_MS);
    return (await outbox.dead()).length === 1;
  });
  const [dead] = await outbox.dead();
  expect(dead).toMatchObject({ id: poison, refusals: 3, lastError: "INTERNAL" });

  outbox.consumer.refuses = () => false;
  expect(await replayDeadEvents(outbox.service, ACTOR, outbox.service.clock.now(), [poison])).toEqual([
    poison,
  ]);
  await eventually(async () => (await outbox.undelivered()).length === 0);
  expect(outbox.consumer.received.map(({ id }) => id)).toContain(poison);
  await close();
});

test.each([
  ["not the bytes of an event", "FF"],
  ["empty", ""],
])("a row that is %s is dead after three attempts and blocks no other", async (_, hex) => {
  const deliveries = await outbox.commit(5);
  const unreadable = deliveries[2]!.event.id;
  const payload = Buffer.from(hex, "hex");
  const mac = eventMac(outbox.service.hash, { destination: "clinical", payload });
  await outbox.service.db.write("UPDATE outbox SET payload = ?, mac = ? WHERE id = ?", [
    payload,
    mac,
    unreadable,
  ]);
  outbox.service.clock.advance(MINUTE_MS);
  const { relays, close } = outbox.startRelays(1);
  relays[0]!.start();
  await eventually(() => outbox.consumer.received.length === 4);
  await eventually(async () => {
    outbox.service.clock.advance(MINUTE_MS);
    return (await outbox.dead()).length === 1;
  });
  const [dead] = await outbox.dead();
  expect(dead).toMatchObject({ id: unreadable, refusals: 3, lastError: "UNREADABLE" });
  expect(outbox.consumer.received).toHaveLength(4);
  await close();
});

test("2500 dead events are revived, although a transaction has locked a live one", async () => {
  const events = await outbox.commit(2501);
  const live = events[0]!.event.id;
  await outbox.service.db.write("UPDATE outbox SET dead = TRUE, refusals = 3 WHERE id <> ?", [live]);
  await outbox.service.db.transaction(async (tx) => {
    await tx.write("UPDATE outbox SET refusals = 1 WHERE id = ?", [live]);
    expect(await asAnother(replayDeadEvents, outbox.service, ACTOR, outbox.service.clock.now())).toHaveLength(
      2500,
    );
  });
  expect(
    await outbox.service.db.read("SELECT DISTINCT dead, refusals FROM outbox ORDER BY refusals"),
  ).toEqual([
    { dead: 0, refusals: 0 },
    { dead: 0, refusals: 1 },
  ]);
});
