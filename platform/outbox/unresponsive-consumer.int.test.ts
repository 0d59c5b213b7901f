import { expect, test } from "@jest/globals";
import { eventually, FakeConsumer, OutboxTest } from "../testing/outbox-test.ts";

const MINUTE_MS = 60_000;
/** Time in ms within which events for an unreachable consumer must be sent again. */
const RETRY_WITHIN_MS = 2500;

const outbox = new OutboxTest();

test("an unreachable consumer costs its events no attempts, and the next send does not wait for it", async () => {
  outbox.consumer.stop();
  const { relays, close } = outbox.startRelays(1);
  await relays[0]!.send(await outbox.commit(1));
  const again = await outbox.commit(1);
  const turn = new Promise((resolve) => setImmediate(resolve, "waited for"));
  expect(await Promise.race([relays[0]!.send(again), turn])).toBeUndefined();
  await eventually(async () => (await outbox.undelivered()).some((row) => row.lastError === "UNREACHABLE"));
  expect((await outbox.undelivered()).map(({ refusals, dead }) => ({ refusals, dead }))).toEqual(
    Array(2).fill({ refusals: 0, dead: 0 }),
  );
  await close();
});

test("a consumer without its database costs its events no attempts, and gets them soon after its return", async () => {
  outbox.consumer.isUnavailable = true;
  const { relays, close } = outbox.startRelays(1);
  await outbox.commit(3);
  relays[0]!.start();
  // Waits for more calls than the number of refusals after which an event is dead.
  await eventually(() => {
    outbox.service.clock.advance(MINUTE_MS);
    return outbox.consumer.calls > 5;
  });
  const soon = () => outbox.service.clock.now().getTime() + RETRY_WITHIN_MS;
  await eventually(async () =>
    (await outbox.undelivered()).every((row) => row.availableTime.getTime() <= soon()),
  );
  expect((await outbox.undelivered()).map(({ refusals, dead }) => ({ refusals, dead }))).toEqual(
    Array(3).fill({ refusals: 0, dead: 0 }),
  );

  outbox.consumer.isUnavailable = false;
  outbox.service.clock.advance(RETRY_WITHIN_MS);
  await eventually(async () => (await outbox.undelivered()).length === 0);
  expect(outbox.consumer.received).toHaveLength(3);
  await close();
});

test("a postponed event is sent again after its delay, costs no attempts and blocks no other", async () => {
  const { relays, close } = outbox.startRelays(1);
  const deliveries = await outbox.commit(3);
  const heldUp = deliveries[1]!.event.id;
  outbox.consumer.refuses = ({ id }) => id === heldUp;
  outbox.consumer.retryAfter = { seconds: 5, nanos: 0 };
  outbox.consumer.isContended = true;
  relays[0]!.start();
  await relays[0]!.send(deliveries);
  expect(outbox.consumer.received).toHaveLength(2);
  // Waits for more calls than the number of refusals after which an event is dead.
  await eventually(() => {
    outbox.service.clock.advance(MINUTE_MS);
    return outbox.consumer.calls > 5;
  });
  const [row, ...others] = await outbox.undelivered();
  expect(row).toMatchObject({ id: heldUp, refusals: 0, dead: 0, lastError: "INTERNAL" });
  expect(others).toEqual([]);

  outbox.consumer.refuses = () => false;
  await eventually(async () => {
    outbox.service.clock.advance(MINUTE_MS);
    return (await outbox.undelivered()).length === 0;
  });
  await close();
});

test.each([
  // The last value is the number of expected calls: one with all events, and two with one event each. A
  // consumer that becomes unreachable gets a fourth call, which fails.
  ["becomes unreachable", () => (outbox.consumer.isUnavailable = true), 4],
  ["has a relay that stops", (close: () => void) => close(), 3],
])("a consumer that takes events one by one and %s gets the rest later", async (_, happens, calls) => {
  const { relays, close } = outbox.startRelays(1);
  let closed: Promise<void> | undefined;
  outbox.consumer.isContended = true;
  outbox.consumer.refuses = () => {
    if (outbox.consumer.calls === 3) {
      happens(() => {
        closed = close();
      });
    }
    return false;
  };
  await relays[0]!.send(await outbox.commit(50));
  await (closed ?? close());
  expect(outbox.consumer.calls).toBe(calls);
  const left = await outbox.undelivered();
  expect(left).toHaveLength(48);
  expect(left[0]).toMatchObject({ refusals: 0, dead: 0, lastError: "UNREACHABLE" });
});

test("an unresponsive consumer does not delay another one", async () => {
  const silent = new FakeConsumer();
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  silent.answers = promise;
  await silent.start();
  const { relays, close } = outbox.startRelays(1, { billing: silent, clinical: outbox.consumer });
  await outbox.commit(1, "billing");
  outbox.service.clock.advance(MINUTE_MS);
  relays[0]!.start();
  await eventually(() => silent.calls === 1);
  for (const received of [1, 2, 3]) {
    await outbox.commit(1);
    outbox.service.clock.advance(MINUTE_MS);
    await eventually(() => outbox.consumer.received.length === received);
  }
  expect(silent.calls).toBe(1);
  answer();
  await eventually(async () => (await outbox.undelivered()).length === 0);
  await close();
});

test("an event that a slow consumer still handles is not sent again", async () => {
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  outbox.consumer.answers = promise;
  const { relays, close } = outbox.startRelays(1);
  const deliveries = await outbox.commit(1);
  const sent = relays[0]!.send(deliveries);
  await eventually(() => outbox.consumer.calls === 1);
  const due = new Date(outbox.service.clock.now().getTime() + MINUTE_MS);
  outbox.service.clock.advance(MINUTE_MS);
  relays[0]!.start();
  await eventually(async () => (await outbox.undelivered()).some((row) => row.availableTime > due));
  answer();
  await sent;
  await eventually(async () => (await outbox.undelivered()).length === 0);
  expect(outbox.consumer.received).toHaveLength(1);
  await close();
});

test("a relay that stops leaves the events of an unresponsive consumer in the table", async () => {
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  outbox.consumer.answers = promise;
  outbox.consumer.isUnavailable = true;
  const { relays, close } = outbox.startRelays(1);
  const sent = relays[0]!.send(await outbox.commit(600));
  await eventually(() => outbox.consumer.calls === 1);
  const closed = close();
  answer();
  await Promise.all([sent, closed]);
  expect(outbox.consumer.calls).toBe(1);
  expect(await outbox.undelivered()).toHaveLength(600);
});
