import { randomBytes } from "node:crypto";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type DeliverEventsRequest,
  type DeliverEventsResponse,
  Event,
  EventServiceService,
} from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { SqlValue } from "../db/sql-value.ts";
import { ApiError } from "../errors/api-error.ts";
import { GrpcClient } from "../grpc/client.ts";
import { toGrpcStatus } from "../grpc/status.ts";
import { ServiceTokens } from "../identity/service-tokens.ts";
import { newId } from "../ids/ids.ts";
import { asAnother } from "../testing/interleaving.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { type Delivery, deliveriesOf } from "./event.ts";
import { eventMac } from "./event-mac.ts";
import { discard, vouchFor } from "./not-genuine.ts";
import { insertDeliveries, listUndelivered, reviveDead } from "./outbox-store.ts";
import { Relay } from "./relay.ts";

const MINUTE_MS = 60_000;
/** When the events of a consumer that is away are tried again. */
const RETRY_WITHIN_MS = 2500;

let service: TestService;
let consumer: Consumer;

/** A consumer that takes everything but what it is told to refuse. */
class Consumer {
  readonly received: Event[] = [];
  refuses: (event: Event) => boolean = () => false;
  /** Retry delay of its refusals, which are not the event's fault. */
  retryAfter: { seconds: number; nanos: number } | undefined;
  /** It answers once this is resolved. */
  answers: Promise<void> = Promise.resolve();
  /** Its database is away. */
  isUnavailable = false;
  /** It takes events only one by one: another transaction is in the way. */
  isContended = false;
  /** How often it was asked. */
  calls = 0;
  readonly #server = new Server();
  #port = 0;

  async start(): Promise<void> {
    this.#server.addService(EventServiceService, {
      deliverEvents: async (
        { request: { events } }: ServerUnaryCall<DeliverEventsRequest, DeliverEventsResponse>,
        callback: sendUnaryData<DeliverEventsResponse>,
      ) => {
        this.calls += 1;
        await this.answers;
        if (this.isUnavailable) return callback({ code: status.UNAVAILABLE });
        if (this.isContended && events.length > 1) return callback(toGrpcStatus(new ApiError("CONFLICT")));
        const refused = events.filter(this.refuses);
        this.received.push(...events.filter((event) => !refused.includes(event)));
        const { retryAfter } = this;
        callback(null, {
          failures: refused.map(({ id }) => ({ eventId: id, reason: "INTERNAL", retryAfter })),
        });
      },
    });
    this.#port = await new Promise((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

beforeAll(async () => {
  service = await startTestService("scheduling");
});
afterAll(() => service.close());

beforeEach(async () => {
  await service.db.write("DELETE FROM outbox");
  consumer = new Consumer();
  await consumer.start();
});
afterEach(() => consumer.stop());

/** Relays as replicas have them; `close` ends them, their connections and the consumers. */
function startRelays(count: number, consumers: Record<string, Consumer> = { clinical: consumer }) {
  const { db, clock, log, hash } = service;
  const clients = Object.fromEntries(
    Object.entries(consumers).map(([name, { address }]) => [name, new GrpcClient(address)]),
  );
  const relays = Array.from({ length: count }, () => {
    const serviceTokens = new ServiceTokens("scheduling", [randomBytes(32)]);
    return new Relay({
      db,
      clock,
      log,
      serviceTokens,
      consumers: clients,
      hash,
      waitMs: 2000,
      maxRefusals: 3,
    });
  });
  return {
    relays,
    close: async () => {
      await Promise.all(relays.map((relay) => relay.stop()));
      for (const client of Object.values(clients)) client.close();
      for (const each of Object.values(consumers)) each.stop();
    },
  };
}

async function commit(count: number, destination = "clinical"): Promise<Delivery[]> {
  const now = service.clock.now();
  const events = Array.from({ length: count }, () => ({
    type: "booking.confirmed",
    aggregateId: newId(),
    version: 1,
    state: undefined,
  }));
  const deliveries = deliveriesOf(events, { "booking.confirmed": [destination] }, now);
  await service.db.transaction(async (tx) => insertDeliveries(tx, deliveries, now, service.hash));
  return deliveries;
}

async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("did not come true in time");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const undelivered = () => listUndelivered(service.db, false, 1000);

test("what was committed is there at the consumer when send returns, and gone from the table soon after", async () => {
  const { relays, close } = startRelays(1);
  const deliveries = await commit(3);
  await relays[0]!.send(deliveries);
  expect(consumer.received.map(({ id }) => id)).toEqual(deliveries.map(({ event }) => event.id));
  await eventually(async () => (await undelivered()).length === 0);
  await close();
});

test("events that are sent in one turn of the event loop go in one call", async () => {
  const { relays, close } = startRelays(1);
  const deliveries = await commit(3);
  await Promise.all(deliveries.map((delivery) => relays[0]!.send([delivery])));
  expect(consumer.received).toHaveLength(3);
  expect(consumer.calls).toBe(1);
  await close();
});

test("a relay that stops leaves nothing in the table that was applied", async () => {
  const { relays, close } = startRelays(1);
  await relays[0]!.send(await commit(3));
  await close();
  expect(await undelivered()).toEqual([]);
});

test("a relay that stops leaves to the table what a consumer that does not answer was to have", async () => {
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  consumer.answers = promise;
  consumer.isUnavailable = true;
  const { relays, close } = startRelays(1);
  const sent = relays[0]!.send(await commit(600));
  await eventually(() => consumer.calls === 1);
  const closed = close();
  answer();
  await Promise.all([sent, closed]);
  expect(consumer.calls).toBe(1);
  expect(await undelivered()).toHaveLength(600);
});

test("what a crash left behind is taken from the table, by several relays, each event by one of them", async () => {
  await commit(500);
  service.clock.advance(MINUTE_MS);
  const { relays, close } = startRelays(3);
  for (const relay of relays) relay.start();
  await eventually(async () => (await undelivered()).length === 0);
  expect(new Set(consumer.received.map(({ id }) => id)).size).toBe(500);
  expect(consumer.received).toHaveLength(500);
  await close();
});

test("a poison event dies after its tries, while the others flow; replayed, it is delivered", async () => {
  const { relays, close } = startRelays(1);
  const deliveries = await commit(5);
  const poison = deliveries[2]!.event.id;
  consumer.refuses = ({ id }) => id === poison;
  relays[0]!.start();
  await relays[0]!.send(deliveries);
  expect(consumer.received).toHaveLength(4);
  await eventually(async () => {
    service.clock.advance(MINUTE_MS);
    return (await listUndelivered(service.db, true, 10)).length === 1;
  });
  const [dead] = await listUndelivered(service.db, true, 10);
  expect(dead).toMatchObject({ id: poison, refusals: 3, last_error: "INTERNAL" });

  consumer.refuses = () => false;
  expect(await reviveDead(service.db, service.clock.now(), [poison])).toEqual([poison]);
  await eventually(async () => (await undelivered()).length === 0);
  expect(consumer.received.map(({ id }) => id)).toContain(poison);
  await close();
});

test.each([
  ["not the bytes of an event", "FF"],
  ["empty", ""],
])("a row that is %s dies after its tries, while the others flow", async (_, hex) => {
  const deliveries = await commit(5);
  const unreadable = deliveries[2]!.event.id;
  const payload = Buffer.from(hex, "hex");
  const mac = eventMac(service.hash, { destination: "clinical", payload });
  await service.db.write("UPDATE outbox SET payload = ?, mac = ? WHERE id = ?", [payload, mac, unreadable]);
  service.clock.advance(MINUTE_MS);
  const { relays, close } = startRelays(1);
  relays[0]!.start();
  await eventually(() => consumer.received.length === 4);
  await eventually(async () => {
    service.clock.advance(MINUTE_MS);
    return (await listUndelivered(service.db, true, 10)).length === 1;
  });
  const [dead] = await listUndelivered(service.db, true, 10);
  expect(dead).toMatchObject({ id: unreadable, refusals: 3, last_error: "UNREADABLE" });
  expect(consumer.received).toHaveLength(4);
  await close();
});

describe("a row that the service did not write", () => {
  const write = (sql: string, ...params: SqlValue[]) => service.db.write(sql, params);
  const payloadOf = async (id: string): Promise<Buffer> =>
    (await service.db.read<{ payload: Buffer }>("SELECT payload FROM outbox WHERE id = ?", [id]))[0]!.payload;

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
      "robbed of its MAC",
      "UNSIGNED",
      "clinical",
      (id) => write("UPDATE outbox SET mac = NULL WHERE id = ?", id),
    ],
  ])("%s is %s: never sent, and dead, while others are delivered", async (_, reason, written, forge) => {
    const [forged] = await commit(1, written);
    await forge(forged!.event.id);
    const others = await commit(4);
    service.clock.advance(MINUTE_MS);
    const { relays, close } = startRelays(2);
    for (const relay of relays) relay.start();
    await eventually(async () => (await undelivered()).every(({ dead }) => dead));
    expect(await undelivered()).toMatchObject([{ id: forged!.event.id, last_error: reason, refusals: 1 }]);
    expect(consumer.received.map(({ id }) => id).sort()).toEqual(others.map(({ event }) => event.id).sort());
    // Retrying does not help.
    expect(await reviveDead(service.db, service.clock.now(), undefined)).toEqual([]);
    await close();
  });

  test("is dead at once without a MAC, and sent after vouching", async () => {
    const [old, other] = await commit(2);
    const id = old!.event.id;
    await write("UPDATE outbox SET mac = NULL WHERE id = ?", id);
    service.clock.advance(MINUTE_MS);
    const { relays, close } = startRelays(1);
    relays[0]!.start();
    await eventually(async () => (await undelivered()).length === 1);
    await eventually(async () => (await listUndelivered(service.db, true, 10)).length === 1);
    expect(consumer.received.map(({ id }) => id)).toEqual([other!.event.id]);

    const { db, hash, clock } = service;
    expect(await discard(db, [other!.event.id], clock.now())).toEqual([]);
    expect(await vouchFor(db, hash, [id, newId()], clock.now())).toEqual([id]);
    await eventually(async () => (await undelivered()).length === 0);
    expect(consumer.received.map((event) => event.id)).toEqual([other!.event.id, id]);
    await close();
  });
});

test("all that is dead is revived, however much it is, while somebody holds what is not", async () => {
  const events = await commit(2501);
  const live = events[0]!.event.id;
  await service.db.write("UPDATE outbox SET dead = TRUE, refusals = 3 WHERE id <> ?", [live]);
  await service.db.transaction(async (tx) => {
    await tx.write("UPDATE outbox SET refusals = 1 WHERE id = ?", [live]);
    expect(await asAnother(reviveDead, service.db, service.clock.now(), undefined)).toHaveLength(2500);
  });
  expect(await service.db.read("SELECT DISTINCT dead, refusals FROM outbox ORDER BY refusals")).toEqual([
    { dead: 0, refusals: 0 },
    { dead: 0, refusals: 1 },
  ]);
});

test("a consumer that is away costs its events no tries, and is not waited for", async () => {
  consumer.stop();
  const { relays, close } = startRelays(1);
  await relays[0]!.send(await commit(1));
  const again = await commit(1);
  const turn = new Promise((resolve) => setImmediate(resolve, "waited for"));
  expect(await Promise.race([relays[0]!.send(again), turn])).toBeUndefined();
  await eventually(async () => (await undelivered()).some((row) => row.last_error === "UNREACHABLE"));
  expect((await undelivered()).map(({ refusals, dead }) => ({ refusals, dead }))).toEqual(
    Array(2).fill({ refusals: 0, dead: 0 }),
  );
  await close();
});

test("a consumer whose database is away costs its events no tries, and has them soon after it is back", async () => {
  consumer.isUnavailable = true;
  const { relays, close } = startRelays(1);
  await commit(3);
  relays[0]!.start();
  // More often than a refused event is tried.
  await eventually(() => {
    service.clock.advance(MINUTE_MS);
    return consumer.calls > 5;
  });
  const soon = () => service.clock.now().getTime() + RETRY_WITHIN_MS;
  await eventually(async () => (await undelivered()).every((row) => row.available_time.getTime() <= soon()));
  expect((await undelivered()).map(({ refusals, dead }) => ({ refusals, dead }))).toEqual(
    Array(3).fill({ refusals: 0, dead: 0 }),
  );

  consumer.isUnavailable = false;
  service.clock.advance(RETRY_WITHIN_MS);
  await eventually(async () => (await undelivered()).length === 0);
  expect(consumer.received).toHaveLength(3);
  await close();
});

test("an event that its consumer puts off is sent again after that, costs no tries, and holds up no other", async () => {
  const { relays, close } = startRelays(1);
  const deliveries = await commit(3);
  const heldUp = deliveries[1]!.event.id;
  consumer.refuses = ({ id }) => id === heldUp;
  consumer.retryAfter = { seconds: 5, nanos: 0 };
  consumer.isContended = true;
  relays[0]!.start();
  await relays[0]!.send(deliveries);
  expect(consumer.received).toHaveLength(2);
  // More often than a refused event is tried.
  await eventually(() => {
    service.clock.advance(MINUTE_MS);
    return consumer.calls > 5;
  });
  const [row, ...others] = await undelivered();
  expect(row).toMatchObject({ id: heldUp, refusals: 0, dead: 0, last_error: "INTERNAL" });
  expect(others).toEqual([]);

  consumer.refuses = () => false;
  await eventually(async () => {
    service.clock.advance(MINUTE_MS);
    return (await undelivered()).length === 0;
  });
  await close();
});

test.each([
  // One comes alone, then the others together.
  ["falls silent", () => (consumer.isUnavailable = true), 4],
  ["has a relay that stops", (close: () => void) => close(), 3],
])("a consumer that takes events one by one and %s has the rest later", async (_, happens, calls) => {
  const { relays, close } = startRelays(1);
  let closed: Promise<void> | undefined;
  consumer.isContended = true;
  consumer.refuses = () => {
    if (consumer.calls === 3) {
      happens(() => {
        closed = close();
      });
    }
    return false;
  };
  await relays[0]!.send(await commit(50));
  await (closed ?? close());
  expect(consumer.calls).toBe(calls);
  const left = await undelivered();
  expect(left).toHaveLength(48);
  expect(left[0]).toMatchObject({ refusals: 0, dead: 0, last_error: "UNREACHABLE" });
});

test("a consumer that does not answer delays no other", async () => {
  const silent = new Consumer();
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  silent.answers = promise;
  await silent.start();
  const { relays, close } = startRelays(1, { billing: silent, clinical: consumer });
  await commit(1, "billing");
  service.clock.advance(MINUTE_MS);
  relays[0]!.start();
  await eventually(() => silent.calls === 1);
  for (const received of [1, 2, 3]) {
    await commit(1);
    service.clock.advance(MINUTE_MS);
    await eventually(() => consumer.received.length === received);
  }
  expect(silent.calls).toBe(1);
  answer();
  await eventually(async () => (await undelivered()).length === 0);
  await close();
});

test("what a slow consumer still works on is not sent to it again", async () => {
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  consumer.answers = promise;
  const { relays, close } = startRelays(1);
  const deliveries = await commit(1);
  const sent = relays[0]!.send(deliveries);
  await eventually(() => consumer.calls === 1);
  const due = new Date(service.clock.now().getTime() + MINUTE_MS);
  service.clock.advance(MINUTE_MS);
  relays[0]!.start();
  await eventually(async () => (await undelivered()).some((row) => row.available_time > due));
  answer();
  await sent;
  await eventually(async () => (await undelivered()).length === 0);
  expect(consumer.received).toHaveLength(1);
  await close();
});
