import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Database } from "../db/database.ts";
import { asAnother } from "./interleaving.ts";
import { startTestService, type TestService } from "./test-service.ts";

const NESTED = "a transaction within another one's work";

let service: TestService;
let other: TestService;
beforeEach(async () => {
  [service, other] = await Promise.all([startTestService("billing"), startTestService("billing")]);
});
/** Closes both databases, even if the first one throws. */
afterEach(async () => {
  await Promise.allSettled([service.close(), other.close()]);
});

const inTransaction = <T>(work: () => Promise<T>) => service.db.transaction(work);
const write = (db: Database) => db.write("DO 0");

test.each<[string, () => Promise<unknown>]>([
  ["a transaction", () => inTransaction(async () => {})],
  ["a write", () => write(service.db)],
  ["a write of several", () => Promise.all([write(other.db), write(service.db)])],
  ["a delete in batches", () => service.db.deleteAll("DELETE FROM outbox LIMIT ?", [])],
])(
  "%s within a transaction of the same database fails the test, even if it catches the error",
  async (_, work) => {
    await expect(inTransaction(work)).rejects.toThrow(NESTED);
    await expect(service.db.close()).rejects.toThrow(NESTED);
  },
);

test("reads, other databases, other callers and later work are allowed within a transaction", async () => {
  const { promise: isCommitted, resolve: commit } = Promise.withResolvers<void>();
  const later = await inTransaction(async () => {
    await service.db.read("SELECT 1");
    await write(other.db);
    await asAnother(write, service.db);
    return { write: isCommitted.then(() => write(service.db)) };
  });
  commit();
  await later.write;
  await Promise.all([write(service.db), write(service.db)]);
  await service.db.close();
});
