import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  Booking,
  BookingServiceService,
  type CreateBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { binaryId } from "../db/binary-id.ts";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import { newId } from "../ids/ids.ts";
import type { Relay } from "../outbox/relay.ts";
import { inSpan, SpanKind } from "../telemetry/tracing.ts";
import { changesOn } from "../testing/changes-on.ts";
import { doneOrWaiting } from "../testing/interleaving.ts";
import { invoke, startTestService, type TestService, userCaller } from "../testing/test-service.ts";
import type { Asked, GroupedUseCase } from "./group-commit.ts";
import type { IdempotentCalls } from "./idempotent-calls.ts";

/** A note longer than its column. */
const TOO_LONG = "x".repeat(300);

let service: TestService;
/** Sizes of the groups, in order. */
let groups: number[];
/** Called before each request is decided. */
let deciding: (asked: Asked<CreateBookingRequest>) => void;
/** Called for each group before it locks. */
let locking: (asked: Asked<CreateBookingRequest>[]) => Promise<void>;
let handler: (request: CreateBookingRequest, call: Call) => Promise<Booking>;

const writeNote: GroupedUseCase<CreateBookingRequest, number, Asked<CreateBookingRequest>, Booking> = {
  rowsOf: ({ request }) => [request.slotId],
  prepare: () => {},
  lock: lockNotes,
  decide: (_, asked) => {
    deciding(asked);
    return asked;
  },
  write: (tx, plans) => {
    for (const { request } of plans) {
      tx.defer("UPDATE notes SET note = ?, writes = writes + 1 WHERE id = ?", [
        request.reason,
        binaryId(request.slotId),
      ]);
    }
    return plans.map(({ request }) => ({
      response: Booking.fromPartial({ id: request.slotId, reason: request.reason }),
      entries: [{ resource: `notes/${request.slotId}`, subjectIds: [] }],
    }));
  },
};

beforeAll(async () => {
  service = await startTestService("scheduling");
  await service.db.write(
    "CREATE TABLE notes (id BINARY(16) PRIMARY KEY, note VARCHAR(200), writes INT NOT NULL)",
  );
});
afterAll(() => service.close());

beforeEach(() => {
  handler = service.calls.grouped(writeNote);
  groups = [];
  deciding = () => {};
  locking = async () => {};
});

/** Calls whose events go to the given relay. */
const callsWith = (relay: Pick<Relay, "send">): IdempotentCalls => changesOn(service, { relay }).calls;

async function lockNotes(tx: Transaction, asked: Asked<CreateBookingRequest>[]) {
  groups.push(asked.length);
  await locking(asked);
  const ids = asked.map(({ request }) => request.slotId);
  const rows = await tx.lock<{ id: string; writes: number }>(
    "SELECT id, writes FROM notes WHERE id IN (?) ORDER BY id FOR UPDATE",
    [ids.map(binaryId)],
  );
  const found = new Map(rows.map(({ id, writes }) => [id, writes]));
  return ids.map((id) => found.get(id));
}

/** Inserts notes. @returns their ids */
async function notes(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await service.db.transaction(async (tx) =>
    tx.defer("INSERT INTO notes (id, note, writes) VALUES ?", [ids.map((id) => [binaryId(id), "", 0])]),
  );
  return ids;
}

const request = (slotId: string, idempotencyKey: string = newId(), reason = "text") => ({
  slotId,
  reason,
  idempotencyKey,
  patientRegion: "",
});
const caller = userCaller("PATIENT");
const send = (sent: CreateBookingRequest, by = caller) =>
  invoke(BookingServiceService.createBooking, handler, by, sent);

const outcomes = async (sent: Promise<unknown>[]) =>
  (await Promise.allSettled(sent)).map((result) =>
    result.status === "fulfilled" ? "ok" : ((result.reason as ApiError).reason ?? "INTERNAL"),
  );

const writesOf = async (ids: string[]) => {
  const rows = await service.db.transaction((tx) =>
    tx.read<{ writes: number }>("SELECT writes FROM notes WHERE id IN (?) ORDER BY id", [ids.map(binaryId)]),
  );
  return rows.map(({ writes }) => writes);
};

test("requests of one turn of the event loop share a transaction, and so do those that arrive during it", async () => {
  const [first, ...ids] = await notes(40);
  const meanwhile: Promise<unknown>[] = [];
  locking = async ([asked]) => {
    if (asked!.request.slotId !== first) return;
    for (const id of ids.slice(19)) meanwhile.push(send(request(id)));
  };
  const sent = [first!, ...ids.slice(0, 19)].map((id) => send(request(id)));
  expect(await outcomes(sent)).toEqual(Array(20).fill("ok"));
  expect(await outcomes(meanwhile)).toEqual(Array(20).fill("ok"));
  expect(groups).toEqual([20, 20]);
  expect(await writesOf([first!, ...ids])).toEqual(Array(40).fill(1));
});

test.each([
  ["waits for the delivery of the previous group", true],
  ["does not wait for a slow delivery", false],
])("a group %s", async (_, isDelivered) => {
  const [first, ...ids] = await notes(4);
  const { promise: delivery, resolve: deliver } = Promise.withResolvers<void>();
  const { promise: isFirstSent, resolve: sendFirst } = Promise.withResolvers<void>();
  const { promise: isNextSent, resolve: sendNext } = Promise.withResolvers<void>();
  const relay = {
    send: () => {
      if (groups.length === 1) sendFirst();
      else sendNext();
      return delivery;
    },
  };
  handler = callsWith(relay).grouped(writeNote);

  const sent = [send(request(first!))];
  await isFirstSent;
  for (const id of ids) {
    sent.push(send(request(id)));
    // A group that does not wait would have started by now.
    await service.db.read("SELECT 1");
  }
  if (isDelivered) deliver();
  await isNextSent;
  expect(groups).toEqual([1, 3]);
  deliver();
  expect(await outcomes(sent)).toEqual(Array(4).fill("ok"));
});

test("a refused request does not wait for the delivery of its group; the others do", async () => {
  const [refused, ...ids] = await notes(3);
  const { promise: delivery, resolve: deliver } = Promise.withResolvers<void>();
  handler = callsWith({ send: () => delivery }).grouped(writeNote);
  deciding = ({ request }) => {
    if (request.slotId === refused) throw new ApiError("ILLEGAL_TRANSITION");
  };
  const answered: string[] = [];
  const sent = [refused!, ...ids].map(async (id) => {
    await send(request(id)).catch(() => {});
    answered.push(id);
  });
  await sent[0];
  expect(answered).toEqual([refused]);
  deliver();
  await Promise.all(sent);
});

test("a failed delivery neither repeats its group's writes nor stops the next group", async () => {
  const [first, second] = await notes(2);
  handler = callsWith({ send: () => Promise.reject(new Error("no consumer")) }).grouped(writeNote);
  expect(await outcomes([send(request(first!))])).toEqual(["INTERNAL"]);
  expect(await outcomes([send(request(second!))])).toEqual(["INTERNAL"]);
  expect(await writesOf([first!, second!])).toEqual([1, 1]);
});

test("requests that change one row run one after the other", async () => {
  const [id, other] = await notes(2);
  await outcomes([id!, id!, id!, other!].map((row) => send(request(row))));
  expect(groups).toEqual([2, 1, 1]);
  expect((await writesOf([id!, other!])).sort()).toEqual([1, 3]);
});

test("a group has at most 32 requests", async () => {
  const ids = await notes(70);
  await outcomes(ids.map((id) => send(request(id))));
  expect(groups).toEqual([32, 32, 6]);
});

test.each([
  ["is refused", "ILLEGAL_TRANSITION", () => new ApiError("ILLEGAL_TRANSITION")],
  ["meets a bug", "INTERNAL", () => new TypeError("a bug")],
])("a request that %s fails alone", async (_, reason, error) => {
  const ids = await notes(5);
  deciding = ({ request }) => {
    if (request.slotId === ids[3]) throw error();
  };
  expect(await outcomes(ids.map((id) => send(request(id))))).toEqual(["ok", "ok", "ok", reason, "ok"]);
  expect(groups).toEqual([5]);
});

test("a request that MySQL refuses fails alone, because each of its group then runs alone", async () => {
  const ids = await notes(5);
  const sent = ids.map((id, i) =>
    send(request(id, newId(), i === 3 ? TOO_LONG : "text"), userCaller("PATIENT")),
  );
  expect(await outcomes(sent)).toEqual(["ok", "ok", "ok", "INTERNAL", "ok"]);
  expect(groups).toEqual([5, 1, 1, 1, 1, 1]);
  expect((await writesOf(ids)).sort()).toEqual([0, 1, 1, 1, 1]);
});

test("a caller whose request failed a group runs alone for a while, and fails no other group", async () => {
  const ids = await notes(6);
  const bad = userCaller("PATIENT");
  const sendAll = (from: number) =>
    outcomes(
      ids.slice(from, from + 3).map((id, i) => {
        return i === 2 ? send(request(id, newId(), TOO_LONG), bad) : send(request(id));
      }),
    );
  expect(await sendAll(0)).toEqual(["ok", "ok", "INTERNAL"]);
  expect(groups).toEqual([3, 1, 1, 1]);
  groups = [];
  expect(await sendAll(3)).toEqual(["ok", "ok", "INTERNAL"]);
  expect(groups.toSorted()).toEqual([1, 2]);
});

test("a request whose row is locked waits alone, and the others do not wait for it", async () => {
  const ids = await notes(5);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: locked } = Promise.withResolvers<void>();
  const holder = service.db.transaction(async (tx) => {
    await tx.read("SELECT id FROM notes WHERE id = ? FOR UPDATE", [binaryId(ids[2]!)]);
    locked();
    await isToEnd;
  });
  await isLocked;
  const sent = ids.map((id) => send(request(id)));
  await Promise.all(sent.filter((_, i) => i !== 2));
  expect((await writesOf(ids)).filter((writes) => writes === 0)).toHaveLength(1);
  end();
  await holder;
  await sent[2];
  // One group of five, then the locked request alone.
  expect(groups).toEqual([5, 1]);
  expect(await writesOf(ids)).toEqual(ids.map(() => 1));
});

test("of many requests for a locked row, one waits on a connection and the others in the queue", async () => {
  const [locked, free] = await notes(2);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const holder = service.db.transaction(async (tx) => {
    await tx.read("SELECT id FROM notes WHERE id = ? FOR UPDATE", [binaryId(locked!)]);
    lock();
    await isToEnd;
  });
  await isLocked;
  let tries = 0;
  locking = async (asked) => {
    if (asked.some(({ request }) => request.slotId === locked)) tries++;
  };
  const answered: number[] = [];
  const sent = Array.from({ length: 200 }, async (_, i) => {
    await send(request(locked!), userCaller("PATIENT"));
    answered.push(i);
  });
  await doneOrWaiting(service.db, Promise.all(sent));
  // In each round, others could start alone.
  for (let round = 0; round < 3; round++) await send(request(free!));
  // The first finds the row locked in a group and then waits alone; on a slow machine again after MySQL's
  // lock wait ends. Without the rule, eight would run alone.
  expect(tries).toBeLessThan(6);
  expect(answered).toEqual([]);
  end();
  await holder;
  await Promise.all(sent);
  expect(answered).toEqual(Array.from(sent.keys()));
});

test("at most eight requests of a failed group run alone at once", async () => {
  const [free, ...ids] = await notes(20);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: areMany, resolve: many } = Promise.withResolvers<void>();
  let alone = 0;
  locking = async (asked) => {
    if (asked.length > 1) throw new TypeError("a bug");
    if (asked[0]!.request.slotId === free) return;
    if (++alone === 8) many();
    await isToEnd;
  };
  const sent = [free!, ...ids].map((id) => send(request(id), userCaller("PATIENT")));
  await areMany;
  // Other requests are served meanwhile; more than eight would have started alone in that time.
  for (let round = 0; round < 10; round++) await send(request(free!));
  expect(alone).toBe(8);
  end();
  expect(await outcomes(sent)).toEqual(Array(20).fill("ok"));
});

test("a group whose database does not answer does not delay the next one", async () => {
  const [stuck, ...others] = await notes(4);
  const { promise: isToAnswer, resolve: answer } = Promise.withResolvers<void>();
  const { promise: isStuck, resolve: atStuck } = Promise.withResolvers<void>();
  locking = async ([first]) => {
    if (first!.request.slotId !== stuck) return;
    atStuck();
    await isToAnswer;
  };
  const sent = send(request(stuck!), userCaller("PATIENT"));
  await isStuck;
  expect(await outcomes(others.map((id) => send(request(id), userCaller("PATIENT"))))).toEqual([
    "ok",
    "ok",
    "ok",
  ]);
  expect(await writesOf([stuck!])).toEqual([0]);
  answer();
  await sent;
  expect(groups).toEqual([1, 3]);
});

test("a missing row is decided by its request alone, which waits for locks", async () => {
  const [id] = await notes(1);
  const facts: unknown[] = [];
  const none = newId();
  deciding = ({ request }) => {
    facts.push(request.slotId);
    if (request.slotId === none) throw new ApiError("NOT_FOUND");
  };
  expect(await outcomes([send(request(id!)), send(request(none))])).toEqual(["ok", "NOT_FOUND"]);
  expect(facts).toEqual([id, none]);
  expect(groups).toEqual([2, 1]);
});

test("concurrent requests with one key write once, and the others get the same answer", async () => {
  const ids = await notes(3);
  const sent = ids.flatMap((id) => Array.from({ length: 5 }, () => send(request(id, `key ${id}`))));
  const answers = await Promise.all(sent);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(3);
  expect(await writesOf(ids)).toEqual([1, 1, 1]);
  await expect(send(request(ids[0]!, `key ${ids[1]}`))).rejects.toMatchObject({
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
});

test("an expired key is free again, also in a group", async () => {
  const [id, other] = await notes(2);
  await send(request(id!, "expiring"));
  service.clock.advance(25 * 3_600_000);
  const sent = [send(request(other!)), send(request(id!, "expiring"))];
  expect((await Promise.all(sent)).map(({ replayed }) => replayed)).toEqual([false, false]);
  expect((await writesOf([id!, other!])).sort()).toEqual([1, 2]);
});

test("a request past its deadline leaves the queue and writes nothing", async () => {
  const [first, late] = await notes(2);
  const isLate: typeof handler = (sent, call) => handler(sent, { ...call, deadline: Date.now() - 1 });
  const sent = [
    send(request(first!)),
    invoke(BookingServiceService.createBooking, isLate, caller, request(late!)),
  ];
  expect(await outcomes(sent)).toEqual(["ok", "DEADLINE_EXCEEDED"]);
  expect((await writesOf([first!, late!])).sort()).toEqual([0, 1]);
});

test("each audit line names its own request and actor", async () => {
  const ids = await notes(5);
  const people = ids.map(() => userCaller("PATIENT"));
  await Promise.all(ids.map((id, i) => send(request(id), people[i]!)));
  expect(groups).toEqual([5]);
  const lines = await service.db.transaction((tx) =>
    tx.read<{ actor_id: string; request_id: string; resource: string }>(
      "SELECT actor_id, request_id, resource FROM audit_events WHERE resource IN (?)",
      [ids.map((id) => `notes/${id}`)],
    ),
  );
  expect(new Set(lines.map(({ request_id: id }) => id)).size).toBe(5);
  for (const [i, id] of ids.entries()) {
    const line = lines.find(({ resource }) => resource === `notes/${id}`);
    expect(line?.actor_id).toContain(people[i]!.userId);
  }
});

test("the group's span is in one request's trace, and the other requests' spans link to it", async () => {
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  const [first, ...others] = await notes(4);
  const inRequest = (id: string) =>
    inSpan("request", { kind: SpanKind.SERVER, parent: ROOT_CONTEXT }, () =>
      send(request(id), userCaller("PATIENT")),
    );
  await Promise.all([send(request(first!), userCaller("PATIENT")), ...others.map(inRequest)]);
  trace.disable();
  context.disable();

  const spans = exporter.getFinishedSpans();
  const [group] = spans.filter(({ name }) => name === "commit group");
  const requests = spans.filter(({ name }) => name === "request");
  const linked = requests.filter(({ links }) =>
    links.some(({ context: { spanId } }) => spanId === group!.spanContext().spanId),
  );
  const parents = requests.filter((span) => span.spanContext().spanId === group!.parentSpanContext?.spanId);
  expect([requests.length, parents.length, linked.length]).toEqual([3, 1, 2]);
  expect(linked).not.toContain(parents[0]);
});
