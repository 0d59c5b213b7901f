import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { context, propagation } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { binaryId } from "../db/binary-id.ts";
import { Database } from "../db/database.ts";
import { ApiError } from "../errors/api-error.ts";
import { newId } from "../ids/ids.ts";
import { changesOn } from "../testing/changes-on.ts";
import { invoke, startTestService, type TestService } from "../testing/test-service.ts";
import type { EventHandler } from "./event-handler.ts";
import { Inbox } from "./inbox.ts";

/** Time in ms that a sender's call may take. */
const SEND_TIMEOUT_MS = 5000;

let service: TestService;
/** Ids of the aggregates of all applied events, in order. */
let applied: string[];
/** Errors that `decide` throws, by id of the aggregate. */
let failures: Map<string, unknown>;

beforeAll(async () => {
  service = await startTestService("scheduling");
});
afterAll(() => service.close());

beforeEach(() => {
  applied = [];
  failures = new Map();
  rowsOf = new Map();
  transactions = [];
});

/**
 * Ids of the rows that an event changes, by id of its aggregate. Tests list the same row for two events to
 * make them conflict.
 */
let rowsOf: Map<string, string[]>;
/** Number of events in each transaction, in the order of the transactions. */
let transactions: number[];

const apply: EventHandler<string, Event> = {
  lock: async (_tx, events) => idsOf(events),
  rowsOf: (aggregateId) => rowsOf.get(aggregateId) ?? [],
  decide: (_facts, event) => {
    if (failures.has(event.aggregateId)) throw failures.get(event.aggregateId);
    return event;
  },
  write: (tx, events) => {
    tx.afterCommit(() => {
      applied.push(...idsOf(events));
      transactions.push(events.length);
    });
    return idsOf(events).map((id) => [
      { action: "payment.test", resource: `payments/${id}`, subjectIds: [] },
    ]);
  },
};

function deliver(events: Event[], transactions = service.transactions) {
  const consumers = {
    "payment.authorized": { from: "billing", apply, isFirst: true },
    "consultation.started": { from: "clinical", apply },
  };
  const inbox = new Inbox(transactions, consumers, service, service.log);
  const billing = { kind: "service", name: "billing" } as const;
  return invoke(EventServiceService.deliverEvents, inbox.deliverEvents, billing, { events });
}

/** Makes events of different aggregates, in the order in which the inbox applies them. */
const someEvents = (count: number) =>
  Array.from({ length: count }, () =>
    Event.fromPartial({
      id: newId(),
      type: "payment.authorized",
      aggregateId: newId(),
      version: 1,
      occurTime: service.clock.now(),
      state: { $case: "payment", value: {} },
    }),
  ).sort((a, b) => (a.aggregateId < b.aggregateId ? -1 : 1));

const idsOf = (events: Event[]) => events.map(({ aggregateId }) => aggregateId);

test("a bad event of a batch is reported and blocks no other", async () => {
  const events = someEvents(3);
  failures.set(events[1]!.aggregateId, new Error("cannot be applied"));
  const { response } = await deliver(events);
  expect(response.failures).toEqual([{ eventId: events[1]!.id, reason: "INTERNAL", retryAfter: undefined }]);
  expect(applied).toEqual(idsOf([events[0]!, events[2]!]));
  // The two good events were applied in one transaction, and not again when the bad event was retried alone.
  expect(transactions).toEqual([2]);
});

test("events that change a common row are applied in separate transactions", async () => {
  const events = someEvents(5);
  for (const event of [events[1]!, events[2]!, events[4]!]) rowsOf.set(event.aggregateId, ["shared"]);
  expect((await deliver(events)).response.failures).toEqual([]);
  expect(transactions).toEqual([3, 1, 1]);
  expect(applied).toEqual(idsOf([0, 1, 3, 2, 4].map((i) => events[i]!)));
});

test("each event's audit line has the event's own trace", async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const traceIds = ["1", "2", "3"].map((digit) => digit.repeat(32));
  const events = someEvents(3).map((event, i) => ({
    ...event,
    traceparent: `00-${traceIds[i]}-${"a".repeat(16)}-01`,
  }));
  await deliver(events);
  context.disable();
  propagation.disable();
  const sql = "SELECT trace_id FROM audit_events WHERE resource = ?";
  const lines = events.map(({ aggregateId }) => service.db.read(sql, [`payments/${aggregateId}`]));
  expect(await Promise.all(lines)).toEqual(traceIds.map((trace_id) => [{ trace_id }]));
});

test("an event of an unknown type is postponed and blocks no other", async () => {
  const [first, newer, last] = someEvents(3);
  const events = [first!, { ...newer!, type: "payment.disputed" }, last!];
  const { response } = await deliver(events);
  expect(response.failures).toEqual([
    { eventId: newer!.id, reason: "UNKNOWN_TYPE", retryAfter: { seconds: 5, nanos: 0 } },
  ]);
  expect(applied).toEqual(idsOf([first!, last!]));
});

test("an event of an unknown type is refused after a day, so that its attempts count", async () => {
  const [known, unknown] = someEvents(2);
  const events = [known!, { ...unknown!, type: "payment.disputed" }];
  const refusal = async () => (await deliver(events)).response.failures;
  const postponed = { eventId: unknown!.id, reason: "UNKNOWN_TYPE", retryAfter: { seconds: 5, nanos: 0 } };
  service.clock.advance(24 * 3_600_000 - 1);
  expect(await refusal()).toEqual([postponed]);
  service.clock.advance(1);
  expect(await refusal()).toEqual([{ ...postponed, retryAfter: undefined }]);
});

test("a batch with an event of another sender is refused as a whole", async () => {
  const [own, foreign] = someEvents(2);
  const events = [own!, { ...foreign!, type: "consultation.started" }];
  await expect(deliver(events)).rejects.toMatchObject({ reason: "PERMISSION_DENIED" });
  expect(applied).toEqual([]);
});

test("an event whose row is locked is postponed within the sender's deadline, and the others are applied", async () => {
  const events = someEvents(3);
  const held = events[1]!;
  const { promise: until, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: isHeld, resolve: hold } = Promise.withResolvers<void>();
  const holder = service.db.transaction(async (tx) => {
    await tx.write("INSERT INTO inbox (aggregate_id, version) VALUES (?, 0)", [binaryId(held.aggregateId)]);
    hold();
    await until;
  });
  await isHeld;

  const answers = [];
  for (const batch of [events, ...events.map((event) => [event])]) {
    const startedAt = performance.now();
    answers.push(await deliver(batch).then(({ response }) => response.failures, ApiError.from));
    expect(performance.now() - startedAt).toBeLessThan(SEND_TIMEOUT_MS);
  }
  const postponed = { eventId: held.id, reason: "CONFLICT", retryAfter: { seconds: 5, nanos: 0 } };
  expect(answers).toEqual([expect.objectContaining({ reason: "CONFLICT" }), [], [postponed], []]);
  expect(applied).toEqual(idsOf([events[0]!, events[2]!]));

  letGo();
  await holder;
  expect((await deliver(events)).response.failures).toEqual([]);
  expect(applied.toSorted()).toEqual(idsOf(events));
});

test.each([1, 3])("an unreachable database fails the call for %d events, not the events", async (count) => {
  const db = new Database({ url: "mysql://nobody@127.0.0.1:1/nothing", poolSize: 1, timeoutMs: 1000 });
  const { transactions } = changesOn(service, { db });
  await expect(deliver(someEvents(count), transactions)).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  await db.close();
});

test.each(["UNAVAILABLE", "DEADLINE_EXCEEDED"] as const)(
  "a batch that fails with %s can be repeated as a whole, and each event is applied once",
  async (reason) => {
    const events = someEvents(3);
    failures.set(events[1]!.aggregateId, new Error("cannot be applied"));
    failures.set(events[2]!.aggregateId, new ApiError(reason));
    await expect(deliver(events)).rejects.toMatchObject({ reason });
    expect(applied).toEqual(idsOf([events[0]!]));

    failures.clear();
    expect((await deliver(events)).response.failures).toEqual([]);
    expect(applied).toEqual(idsOf(events));
  },
);

test("a repeated first event of an aggregate is ignored, alone and beside new ones, also if its handler would fail", async () => {
  const [again, ...others] = someEvents(3);
  await deliver([again!]);
  failures.set(again!.aggregateId, new Error("cannot be applied twice"));
  expect((await deliver([again!])).response.failures).toEqual([]);
  expect((await deliver([again!, ...others])).response.failures).toEqual([]);
  expect(applied).toEqual(idsOf([again!, ...others]));
});
