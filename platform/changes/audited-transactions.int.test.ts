import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { BookingState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { newId } from "../ids/ids.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import type { AuditEntry } from "./audit-entry.ts";
import { AuditedTransactions } from "./audited-transactions.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService("scheduling");
});
afterAll(() => service.close());

/** Makes transactions without an outbox, as a command that publishes no events does. */
const withoutOutbox = () => new AuditedTransactions({ db: service.db, clock: service.clock });

const actorsOf = ({ resource }: AuditEntry) =>
  service.db.read("SELECT action, actor_id AS actorId FROM audit_events WHERE resource = ?", [resource]);

const newEntry = (): AuditEntry => ({ action: "test.change", resource: `tests/${newId()}`, subjectIds: [] });

test("transactions without an outbox record their entries", async () => {
  const entry = newEntry();
  await withoutOutbox().run("command:test", async () => [entry]);
  expect(await actorsOf(entry)).toEqual([{ action: "test.change", actorId: "command:test" }]);
});

test("transactions without an outbox refuse an entry with an event", async () => {
  const entry = newEntry();
  const event = {
    type: "booking.confirmed",
    aggregateId: newId(),
    version: 1,
    state: { $case: "booking", value: BookingState.create() },
  } as const;
  const change = withoutOutbox().run("command:test", async () => [{ ...entry, events: [event] }]);
  await expect(change).rejects.toThrow("no outbox");
  expect(await actorsOf(entry)).toEqual([]);
});
