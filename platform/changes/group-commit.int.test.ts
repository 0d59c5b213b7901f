import { expect, test } from "@jest/globals";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { ApiError } from "../errors/api-error.ts";
import { inSpan, SpanKind } from "../telemetry/tracing.ts";
import { NotesTest, noteOf, outcomes } from "../testing/notes-test.ts";
import { invoke, userCaller } from "../testing/test-service.ts";

const notes = new NotesTest();

test("requests of one turn of the event loop share a transaction, and so do those that arrive during it", async () => {
  const [first, ...ids] = await notes.insert(40);
  const meanwhile: Promise<unknown>[] = [];
  notes.locking = async ([asked]) => {
    if (asked!.request.slotId !== first) return;
    for (const id of ids.slice(19)) meanwhile.push(notes.send(noteOf(id)));
  };
  const sent = [first!, ...ids.slice(0, 19)].map((id) => notes.send(noteOf(id)));
  expect(await outcomes(sent)).toEqual(Array(20).fill("ok"));
  expect(await outcomes(meanwhile)).toEqual(Array(20).fill("ok"));
  expect(notes.groups).toEqual([20, 20]);
  expect(await notes.writesOf([first!, ...ids])).toEqual(Array(40).fill(1));
});

test.each([
  ["waits for the delivery of the previous group", true],
  ["does not wait for a slow delivery", false],
])("a group %s", async (_, isDelivered) => {
  const [first, ...ids] = await notes.insert(4);
  const { promise: delivery, resolve: deliver } = Promise.withResolvers<void>();
  const { promise: isFirstSent, resolve: sendFirst } = Promise.withResolvers<void>();
  const { promise: isNextSent, resolve: sendNext } = Promise.withResolvers<void>();
  const relay = {
    send: () => {
      if (notes.groups.length === 1) sendFirst();
      else sendNext();
      return delivery;
    },
  };
  notes.useRelay(relay);

  const sent = [notes.send(noteOf(first!))];
  await isFirstSent;
  const [second, ...others] = ids.map((id) => () => notes.send(noteOf(id)));
  sent.push(second!());
  // Pauses for one round trip to MySQL. A second group that did not wait for the delivery would start in this
  // pause. The pause must be shorter than 50 ms, the longest time that a group waits for a delivery.
  await notes.service.db.read("SELECT 1");
  for (const send of others) sent.push(send());
  if (isDelivered) deliver();
  await isNextSent;
  expect(notes.groups).toEqual([1, 3]);
  deliver();
  expect(await outcomes(sent)).toEqual(Array(4).fill("ok"));
});

test("a refused request does not wait for the delivery of its group; the others do", async () => {
  const [refused, ...ids] = await notes.insert(3);
  const { promise: delivery, resolve: deliver } = Promise.withResolvers<void>();
  notes.useRelay({ send: () => delivery });
  notes.deciding = ({ request }) => {
    if (request.slotId === refused) throw new ApiError("ILLEGAL_TRANSITION");
  };
  const answered: string[] = [];
  const sent = [refused!, ...ids].map(async (id) => {
    await notes.send(noteOf(id)).catch(() => {});
    answered.push(id);
  });
  await sent[0];
  expect(answered).toEqual([refused]);
  deliver();
  await Promise.all(sent);
});

test("a failed delivery neither repeats its group's writes nor stops the next group", async () => {
  const [first, second] = await notes.insert(2);
  notes.useRelay({ send: () => Promise.reject(new Error("no consumer")) });
  expect(await outcomes([notes.send(noteOf(first!))])).toEqual(["INTERNAL"]);
  expect(await outcomes([notes.send(noteOf(second!))])).toEqual(["INTERNAL"]);
  expect(await notes.writesOf([first!, second!])).toEqual([1, 1]);
});

test("requests that change one row run one after the other", async () => {
  const [id, other] = await notes.insert(2);
  await outcomes([id!, id!, id!, other!].map((row) => notes.send(noteOf(row))));
  expect(notes.groups).toEqual([2, 1, 1]);
  expect((await notes.writesOf([id!, other!])).sort()).toEqual([1, 3]);
});

test("a group has at most 32 requests", async () => {
  const ids = await notes.insert(70);
  await outcomes(ids.map((id) => notes.send(noteOf(id))));
  expect(notes.groups).toEqual([32, 32, 6]);
});

test.each([
  ["is refused", "ILLEGAL_TRANSITION", () => new ApiError("ILLEGAL_TRANSITION")],
  ["meets a bug", "INTERNAL", () => new TypeError("a bug")],
])("a request that %s fails alone", async (_, reason, error) => {
  const ids = await notes.insert(5);
  notes.deciding = ({ request }) => {
    if (request.slotId === ids[3]) throw error();
  };
  expect(await outcomes(ids.map((id) => notes.send(noteOf(id))))).toEqual(["ok", "ok", "ok", reason, "ok"]);
  expect(notes.groups).toEqual([5]);
});

test("concurrent requests with one key write once, and the others get the same answer", async () => {
  const ids = await notes.insert(3);
  const sent = ids.flatMap((id) => Array.from({ length: 5 }, () => notes.send(noteOf(id, `key ${id}`))));
  const answers = await Promise.all(sent);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(3);
  expect(await notes.writesOf(ids)).toEqual([1, 1, 1]);
  await expect(notes.send(noteOf(ids[0]!, `key ${ids[1]}`))).rejects.toMatchObject({
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
});

test("an expired key is free again, also in a group", async () => {
  const [id, other] = await notes.insert(2);
  await notes.send(noteOf(id!, "expiring"));
  notes.service.clock.advance(25 * 3_600_000);
  const sent = [notes.send(noteOf(other!)), notes.send(noteOf(id!, "expiring"))];
  expect((await Promise.all(sent)).map(({ replayed }) => replayed)).toEqual([false, false]);
  expect((await notes.writesOf([id!, other!])).sort()).toEqual([1, 2]);
});

test("a request past its deadline leaves the queue and writes nothing", async () => {
  const [first, late] = await notes.insert(2);
  const isLate: typeof notes.handler = (sent, call) =>
    notes.handler(sent, { ...call, deadline: Date.now() - 1 });
  const sent = [
    notes.send(noteOf(first!)),
    invoke(BookingServiceService.createBooking, isLate, notes.caller, noteOf(late!)),
  ];
  expect(await outcomes(sent)).toEqual(["ok", "DEADLINE_EXCEEDED"]);
  expect((await notes.writesOf([first!, late!])).sort()).toEqual([0, 1]);
});

test("each audit line names its own request and actor", async () => {
  const ids = await notes.insert(5);
  const people = ids.map(() => userCaller("PATIENT"));
  await Promise.all(ids.map((id, i) => notes.send(noteOf(id), people[i]!)));
  expect(notes.groups).toEqual([5]);
  const lines = await notes.service.db.transaction((tx) =>
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
  const [first, ...others] = await notes.insert(4);
  const inRequest = (id: string) =>
    inSpan("request", { kind: SpanKind.SERVER, parent: ROOT_CONTEXT }, () =>
      notes.send(noteOf(id), userCaller("PATIENT")),
    );
  await Promise.all([notes.send(noteOf(first!), userCaller("PATIENT")), ...others.map(inRequest)]);
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
