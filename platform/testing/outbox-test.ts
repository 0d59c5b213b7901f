import { randomBytes } from "node:crypto";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import {
  BookingState,
  type DeliverEventsRequest,
  type DeliverEventsResponse,
  type Event,
  EventServiceService,
} from "@medconnect/proto/medconnect/events/v1/events.ts";
import { ApiError } from "../errors/api-error.ts";
import { GrpcClient } from "../grpc/client.ts";
import { toGrpcStatus } from "../grpc/status.ts";
import { ServiceTokens } from "../identity/service-tokens.ts";
import { newId } from "../ids/ids.ts";
import { type Delivery, deliveriesOf, type NewEvent } from "../outbox/event.ts";
import { insertDeliveries, listUndelivered } from "../outbox/outbox-store.ts";
import { Relay } from "../outbox/relay.ts";
import { startTestService, type TestService } from "./test-service.ts";

const PATIENCE_MS = 60_000;

/** A consumer that accepts every event, unless one of the fields says otherwise. */
export class FakeConsumer {
  readonly received: Event[] = [];
  refuses: (event: Event) => boolean = () => false;
  /** If set, each failure carries this delay. The relay then postpones the event, and counts no refusal. */
  retryAfter: { seconds: number; nanos: number } | undefined;
  /** The consumer answers no call before this promise resolves. */
  answers: Promise<void> = Promise.resolve();
  /** True to answer each call with UNAVAILABLE. */
  isUnavailable = false;
  /** True to answer CONFLICT to batches of several events, as when another transaction holds locks. */
  isContended = false;
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

/** A service with an outbox for all tests of a file, and for each test a new consumer named `clinical`. */
export class OutboxTest {
  #service: TestService | undefined;
  #consumer: FakeConsumer | undefined;

  /** Registers the hooks that start and stop everything. */
  constructor() {
    beforeAll(async () => {
      this.#service = await startTestService("scheduling");
    });
    afterAll(() => this.service.close());
    beforeEach(async () => {
      await this.service.db.write("DELETE FROM outbox");
      this.#consumer = new FakeConsumer();
      await this.#consumer.start();
    });
    afterEach(() => this.consumer.stop());
  }

  get service(): TestService {
    if (!this.#service) throw new Error("the service has not started");
    return this.#service;
  }

  get consumer(): FakeConsumer {
    if (!this.#consumer) throw new Error("the consumer has not started");
    return this.#consumer;
  }

  /** Starts relays, as several replicas of a service do. `close` stops them and the consumers. */
  startRelays(
    count: number,
    consumers: Record<string, FakeConsumer> = { clinical: this.consumer },
    outbound = this.service.outbound,
  ) {
    const { db, clock, log, hash } = this.service;
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
        outbound,
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

  /** Commits new events to the outbox. Does not send them. */
  async commit(count: number, destination = "clinical"): Promise<Delivery[]> {
    const { clock, db, hash } = this.service;
    const now = clock.now();
    const events = Array.from(
      { length: count },
      (): NewEvent => ({
        type: "booking.confirmed",
        aggregateId: newId(),
        version: 1,
        state: { $case: "booking", value: BookingState.create() },
      }),
    );
    const deliveries = deliveriesOf(events, { "booking.confirmed": [destination] }, now);
    await db.transaction(async (tx) => insertDeliveries(tx, deliveries, now, hash));
    return deliveries;
  }

  undelivered() {
    return listUndelivered(this.service.db, false, 1000);
  }

  dead() {
    return listUndelivered(this.service.db, true, 10);
  }
}

/**
 * Waits until a condition holds. Checks it in every turn of the event loop, because a state may last only a
 * few ms.
 */
export async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("did not come true in time");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
