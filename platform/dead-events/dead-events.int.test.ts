import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { BookingState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import {
  type ListDeadEventsRequest,
  ListDeadEventsResponse,
  OutboxServiceService,
} from "@medconnect/proto/medconnect/operations/v1/outbox_service.ts";
import { newId } from "../ids/ids.ts";
import { deliveriesOf, type NewEvent } from "../outbox/event.ts";
import { insertDeliveries } from "../outbox/outbox-store.ts";
import { bound, invoke, startTestService, type TestService, userCaller } from "../testing/test-service.ts";
import { listDeadEvents } from "./list-dead-events.ts";
import { replayDeadEvent } from "./replay-dead-event.ts";

const ROUTES = { "booking.cancelled": ["billing", "clinical"] };
const MINUTE_MS = 60_000;

const admin = userCaller("ADMIN");
let app: TestService & { service: string };
beforeAll(async () => {
  app = { ...(await startTestService("scheduling", ROUTES)), service: "scheduling" };
});
afterAll(() => app.close());

let ids: string[];
/** Adds three events for each of two services. All but the last are dead, each a minute after the one before. */
beforeEach(async () => {
  await app.db.write("DELETE FROM outbox");
  const events = [1, 2, 3].map(
    (version): NewEvent => ({
      type: "booking.cancelled",
      aggregateId: newId(),
      version,
      state: { $case: "booking", value: BookingState.create() },
    }),
  );
  const now = app.clock.now();
  const deliveries = deliveriesOf(events, ROUTES, now);
  await app.db.transaction(async (tx) => insertDeliveries(tx, deliveries, now, app.hash));
  ids = deliveries.map(({ event }) => event.id);
  for (const [minute, id] of ids.slice(0, -1).entries()) {
    await app.db.write(
      "UPDATE outbox SET dead = TRUE, refusals = 25, last_error = 'CONFLICT', available_time = ? WHERE id = ?",
      [new Date(now.getTime() + minute * MINUTE_MS), id],
    );
  }
});

const list = async (request: Partial<ListDeadEventsRequest> = {}) => {
  const sent = { service: "scheduling", pageSize: 0, pageToken: "", ...request };
  const { listDeadEvents: method } = OutboxServiceService;
  return (await invoke(method, bound(listDeadEvents, app), admin, sent)).response;
};
const replay = (eventId: string, idempotencyKey = "", service = "scheduling") =>
  invoke(OutboxServiceService.replayDeadEvent, bound(replayDeadEvent, app), admin, {
    service,
    eventId,
    idempotencyKey,
  });
const stateOf = async (id: string) => {
  const [row] = await app.db.read("SELECT dead, refusals, available_time AS due FROM outbox WHERE id = ?", [
    id,
  ]);
  return row;
};
const auditOf = (id: string) =>
  app.db.read("SELECT action, actor_id AS actor FROM audit_events WHERE resource = ?", [`events/${id}`]);

test("dead events of all destinations are listed, latest failure first, without their content", async () => {
  const { deadEvents, nextPageToken } = await list();
  expect(nextPageToken).toBe("");
  expect(deadEvents.map(({ id }) => id)).toEqual(ids.slice(0, -1).toReversed());
  const [last] = deadEvents;
  expect(last).toEqual({
    id: ids[4],
    type: "booking.cancelled",
    aggregateId: expect.any(String),
    destination: "billing",
    createTime: app.clock.now(),
    failTime: new Date(app.clock.now().getTime() + 4 * MINUTE_MS),
    tries: 25,
    reason: "CONFLICT",
    replayable: true,
  });
  expect(new Set(deadEvents.map(({ destination }) => destination))).toEqual(new Set(["billing", "clinical"]));
});

test("pages show each event once, also those that failed at the same time", async () => {
  await app.db.write("UPDATE outbox SET available_time = ? WHERE dead = TRUE", [app.clock.now()]);
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await list({ pageSize: 2, pageToken });
    seen.push(...page.deadEvents.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(seen).toEqual(ids.slice(0, -1).toSorted().toReversed());
});

test("a list writes one audit line; another service's list is empty", async () => {
  await list();
  const lines = await app.db.read(
    "SELECT resource, actor_id AS actor FROM audit_events WHERE action = 'dead_event.list' AND actor_id = ? LIMIT 1",
    [admin.userId],
  );
  expect(lines).toEqual([{ resource: "dead-events", actor: admin.userId }]);
  expect(await list({ service: "billing" })).toEqual(ListDeadEventsResponse.create());
});

test("replay makes a dead event due at once, and writes an audit line", async () => {
  const id = ids[0]!;
  app.clock.advance(MINUTE_MS);
  expect((await replay(id)).response).toEqual({});
  expect(await stateOf(id)).toEqual({ dead: 0, refusals: 0, due: app.clock.now() });
  expect(await auditOf(id)).toEqual([{ action: "dead_event.replay", actor: admin.userId }]);
  expect((await list()).deadEvents).toHaveLength(4);
});

test("a repeat changes nothing, with and without its key", async () => {
  const id = ids[0]!;
  const key = newId();
  await replay(id, key);
  expect((await replay(id, key)).replayed).toBe(true);
  const before = await stateOf(id);
  app.clock.advance(MINUTE_MS);
  expect((await replay(id)).replayed).toBe(false);
  expect(await stateOf(id)).toEqual(before);
  expect(await auditOf(id)).toHaveLength(1);
});

test.each([
  ["delivered or unknown", () => replay(newId()), "NOT_FOUND"],
  ["of another service", () => replay(ids[0]!, "", "billing"), "NOT_FOUND"],
])("replay of an event that is %s", async (_, call, reason) => {
  await expect(call()).rejects.toMatchObject({ reason });
});

test.each(["UNSIGNED", "FORGED"])(
  "an %s event is listed as not replayable, and stays dead",
  async (reason) => {
    const id = ids[4]!;
    await app.db.write("UPDATE outbox SET last_error = ? WHERE id = ?", [reason, id]);
    expect((await list()).deadEvents[0]).toMatchObject({ id, reason, replayable: false });
    await expect(replay(id)).rejects.toMatchObject({ reason: "EVENT_NOT_GENUINE" });
    expect(await stateOf(id)).toMatchObject({ dead: 1 });
  },
);
