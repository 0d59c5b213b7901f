import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Idempotency } from "./idempotency.ts";
import { startTestService, type TestService } from "./testing/test-service.ts";

let service: TestService;

beforeAll(async () => {
  service = await startTestService("billing");
});
afterAll(() => service.close());

test("forgetting keys that have expired ends with its process, however many there are", async () => {
  const { db, box, hash, clock } = service;
  const forgotten = new Idempotency(db, box, hash).sweep(clock.now(), AbortSignal.abort());
  await expect(forgotten).rejects.toMatchObject({ name: "AbortError" });
});
