import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { AuditChain } from "../audit/audit-chain.ts";
import { Sealer } from "../audit/sealer.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { sampled, takeSamples } from "./samples.ts";
import { startMetrics } from "./start-metrics.ts";

let service: TestService;
let readMetrics: () => Promise<string>;
let sample: () => Promise<void>;

beforeAll(async () => {
  readMetrics = startMetrics("billing");
  service = await startTestService("billing", { "booking.created": ["clinical"] });
  new Sealer({
    db: service.db,
    clock: service.clock,
    chain: new AuditChain("billing", [Buffer.alloc(32, 1)]),
  });
});
beforeAll(() => {
  sample = takeSamples(service.clock);
});
afterAll(() => service.close());

test("a scrape runs no SQL, and the job runs one statement for all gauges of a table", async () => {
  const statements = jest.spyOn(service.db, "read");
  const transactions = jest.spyOn(service.db, "transaction");
  for (let i = 0; i < 20; i++) await readMetrics();
  expect(statements).not.toHaveBeenCalled();
  await sample();
  expect(statements).toHaveBeenCalledTimes(2);
  for (let i = 0; i < 20; i++) {
    const text = await readMetrics();
    expect(text).toMatch(/^outbox_waiting\{destination="clinical",state="waiting"[^}]*\} 0$/m);
    expect(text).toMatch(/^outbox_age_seconds\{destination="clinical"[^}]*\} 0$/m);
    expect(text).toMatch(/^audit_unsealed\b.* 0$/m);
    expect(text).toMatch(/^audit_unsealed_age_seconds\b.* 0$/m);
  }
  expect(statements).toHaveBeenCalledTimes(2);
  expect(transactions).not.toHaveBeenCalled();
});

test("a failed read keeps the old value and the time of the last complete run", async () => {
  const lastRun = async () =>
    Number(/^metrics_sample_timestamp_seconds\b(?:\{.*\})? (\S+)$/m.exec(await readMetrics())?.[1]);
  let turn = 0;
  const first = sampled(async () => {
    if (turn === 2) throw new Error("away");
    return turn;
  });
  const second = sampled(async () => turn);
  const take = async () => {
    turn += 1;
    service.clock.advance(15_000);
    return await sample();
  };
  await take();
  const takenAt = service.clock.now().getTime() / 1000;
  await expect(take()).rejects.toThrow("away");
  expect([first(), second(), await lastRun()]).toEqual([1, 2, takenAt]);
  await take();
  expect([first(), second(), await lastRun()]).toEqual([3, 3, takenAt + 30]);
});
