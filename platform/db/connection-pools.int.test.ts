import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { context } from "@opentelemetry/api";
import { createConnection } from "mysql2/promise";
import { CLEAR, TcpProxy } from "../../test/faults/tcp-proxy.ts";
import { eventually } from "../../test/support/eventually.ts";
import { databaseWith, ENDLESS, runningStatements } from "../testing/slow-statements.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { withBorrower } from "./borrower.ts";
import { Database } from "./database.ts";

let service: TestService;

beforeAll(async () => {
  service = await startTestService("scheduling");
});
afterAll(() => service.close());

const running = (mark: string) => runningStatements(service.db, mark);

test("reads do not wait when scans use all their connections", async () => {
  const db = databaseWith(2000);
  const scans = Array.from({ length: 20 }, () => db.scan(`SELECT COUNT(*) FROM ${ENDLESS}`));
  const settled = Promise.allSettled(scans);
  expect(await db.read("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await settled;
  await db.close();
});

/** SELECT that runs as long as the test holds the MySQL lock named "slow". */
const SLOW = "SELECT GET_LOCK('slow', 60), RELEASE_LOCK('slow')";

async function lockStatements(): Promise<() => Promise<void>> {
  const lock = await createConnection(process.env.MYSQL_URL!);
  await lock.query("SELECT GET_LOCK('slow', 0)");
  return () => lock.end();
}

const as = <T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
  context.with(withBorrower(context.active(), { key, isBounded: true, ...(signal && { signal }) }), work);

test("callers take turns at the scan connection: one with eight slow scans delays another by one", async () => {
  const db = databaseWith(60_000);
  const release = await lockStatements();
  const done: string[] = [];
  const scan = (key: string) => as(key, () => db.scan(SLOW)).then(() => done.push(key));
  const scans = Array.from({ length: 8 }, () => scan("one"));
  const other = scan("other");
  await eventually(
    () => running("GET_LOCK"),
    (count) => count === 1,
  );
  await release();
  await Promise.all([...scans, other]);
  expect(done.indexOf("other")).toBeLessThanOrEqual(1);
  await db.close();
});

test.each(["read", "transaction"] as const)(
  "a caller's slow %ss hold at most a quarter of the connections, and other callers do not wait",
  async (kind) => {
    const db = databaseWith(60_000, 16);
    const release = await lockStatements();
    const send = (sql: string) => (kind === "read" ? db.read(sql) : db.transaction((tx) => tx.read(sql)));
    const slow = Array.from({ length: 32 }, () => as("one", () => send(SLOW)));
    await eventually(
      () => running("GET_LOCK"),
      (count) => count === 4,
    );
    for (let i = 0; i < 20; i++) await as("other", () => send("SELECT 1 AS one"));
    expect(await running("GET_LOCK")).toBe(4);
    await release();
    await Promise.all(slow);
    await db.close();
  },
);

test("a cancelled call's SELECT stops waiting for a connection; its transaction waits on", async () => {
  const db = databaseWith(60_000);
  const release = await lockStatements();
  const gone = new AbortController();
  const slow = [db.read(SLOW), db.transaction((tx) => tx.read(SLOW))];
  const read = as("one", () => db.read("SELECT 1 AS one"), gone.signal);
  const change = as("one", () => db.transaction((tx) => tx.read("SELECT 1 AS one")), gone.signal);
  gone.abort();
  await expect(read).rejects.toMatchObject({ reason: "CANCELLED" });
  await release();
  await Promise.all(slow);
  expect(await change).toEqual([{ one: 1 }]);
  await db.close();
});

test("an exhausted pool throws UNAVAILABLE after the time-out", async () => {
  const db = databaseWith(3000);
  const held = db.read("SELECT SLEEP(2)");
  const results = await Promise.allSettled([held, db.read("SELECT SLEEP(2)"), db.read("SELECT SLEEP(2)")]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(await db.read("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await db.close();
});

/** Opens a database behind a TCP proxy, with two open connections in each pool. */
async function databaseBehindProxy() {
  const url = new URL(process.env.MYSQL_URL ?? "");
  // The probe of writes needs a table of the service.
  const [schema] = await service.db.read<{ name: string }>("SELECT DATABASE() AS name");
  url.pathname = `/${schema!.name}`;
  const proxy = await TcpProxy.to(Number(url.port));
  url.host = `127.0.0.1:${proxy.port}`;
  const db = new Database({ url: url.href, poolSize: 2, timeoutMs: 2000 });
  const warm = [1, 2].flatMap(() => [
    db.read("SELECT 1 AS one"),
    db.transaction((tx) => tx.read("SELECT 1 AS one")),
  ]);
  await Promise.all(warm);
  return { db, proxy };
}

const CUTS: [string, (proxy: TcpProxy) => void][] = [
  ["are lost", (proxy) => proxy.lose()],
  ["are black-holed", (proxy) => (proxy.weather = { kind: "blackhole" })],
];

test.each(CUTS)(
  "if connections %s, new and prepared statements end in time, and the pool recovers",
  async (_, cut) => {
    const { db, proxy } = await databaseBehindProxy();
    cut(proxy);
    const results = await Promise.allSettled([
      db.read("SELECT 2 AS new"),
      db.read("SELECT 1 AS one"),
      db.transaction((tx) => tx.read("SELECT 1 AS one")),
      db.transaction(async (tx) => tx.defer("DO 0")),
    ]);
    expect(results).toEqual(
      Array(4).fill({ status: "rejected", reason: expect.objectContaining({ reason: "UNAVAILABLE" }) }),
    );
    proxy.weather = CLEAR;
    const reads = [2, 3].map((n) => db.read(`SELECT ${n} AS n`));
    expect(await Promise.all(reads)).toEqual([[{ n: 2 }], [{ n: 3 }]]);
    await eventually(
      () => db.areWritesFailing,
      (areFailing) => !areFailing,
    );
    expect(await db.transaction((tx) => tx.read("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
    await db.close();
    await proxy.close();
  },
);
