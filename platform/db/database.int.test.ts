import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { newId } from "../ids/ids.ts";
import { inSpan, SpanKind } from "../telemetry/tracing.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { type BinaryId, binaryId } from "./binary-id.ts";

let service: TestService;
const [A, B] = [binaryId(newId()), binaryId(newId())];

beforeAll(async () => {
  service = await startTestService("scheduling");
  await service.db.write("INSERT INTO inbox (aggregate_id, version) VALUES (?, 1), (?, 1)", [A, B]);
});
afterAll(() => service.close());

const versionOf = async (id: BinaryId) => {
  const [row] = await service.db.read<{ version: number }>(
    "SELECT version FROM inbox WHERE aggregate_id = ?",
    [id],
  );
  return row!.version;
};

const BUMP = "UPDATE inbox SET version = version + 1 WHERE aggregate_id = ?";

test("most of 20 deadlocking transactions succeed by retries, and each has its whole effect", async () => {
  const before = (await versionOf(A)) + (await versionOf(B));
  const crossing = Array.from({ length: 20 }, (_, i) =>
    service.db.transaction(async (tx) => {
      await tx.write(BUMP, [i % 2 ? A : B]);
      await tx.write(BUMP, [i % 2 ? B : A]);
    }),
  );
  const done = (await Promise.allSettled(crossing)).filter((result) => result.status === "fulfilled").length;
  expect((await versionOf(A)) + (await versionOf(B))).toBe(before + 2 * done);
  expect(done).toBeGreaterThan(10);
});

test("a transaction that throws has no effect, deferred statements included", async () => {
  const before = await versionOf(A);
  const failing = service.db.transaction(async (tx) => {
    await tx.write(BUMP, [A]);
    tx.defer(BUMP, [A]);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await versionOf(A)).toBe(before);
});

test("deleteAll stops between two batches once its signal is aborted", async () => {
  const ids = Array.from({ length: 2500 }, () => [binaryId(newId()), 0]);
  await service.db.write("INSERT INTO inbox (aggregate_id, version) VALUES ?", [ids]);
  const left = async () => (await service.db.read("SELECT 1 FROM inbox WHERE version = 0")).length;
  const deleteAll = async (signal?: AbortSignal) =>
    await service.db.deleteAll("DELETE FROM inbox WHERE version = ? LIMIT ?", [0], signal);
  const stopping = new AbortController();
  jest.spyOn(service.db, "write").mockImplementationOnce(async (...statement) => {
    stopping.abort();
    return await service.db.write(...statement);
  });
  await expect(deleteAll(stopping.signal)).rejects.toMatchObject({ name: "AbortError" });
  jest.restoreAllMocks();
  expect(await left()).toBe(1500);
  await deleteAll();
  expect(await left()).toBe(0);
});

test("deferred statements run with the commit", async () => {
  const before = await versionOf(A);
  await service.db.transaction(async (tx) => tx.defer(BUMP, [A]));
  expect(await versionOf(A)).toBe(before + 1);
});

test("a bound value is never interpreted as SQL", async () => {
  const nasty = `'; DROP TABLE slots; -- \\' " \u0000`;
  const [row] = await service.db.read<{ text: string }>("SELECT ? AS text", [nasty]);
  expect(row!.text).toBe(nasty);
  const [again] = await service.db.transaction((tx) =>
    tx.read<{ text: string }>("SELECT ? AS text", [nasty]),
  );
  expect(again!.text).toBe(nasty);
});

test("a statement has a span within a traced task only, so that polls make no traces", async () => {
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  await versionOf(A);
  await inSpan("task", { kind: SpanKind.INTERNAL }, () => versionOf(A));
  trace.disable();
  context.disable();
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([
    expect.stringMatching(/^SELECT /),
    "task",
  ]);
});
