import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { context } from "@opentelemetry/api";
import { createConnection } from "mysql2/promise";
import { CLEAR, TcpProxy } from "../../test/faults/tcp-proxy.ts";
import { eventually } from "../../test/support/eventually.ts";
import { newId } from "../ids/ids.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { type BinaryId, binaryId } from "./binary-id.ts";
import { withBorrower } from "./borrower.ts";
import { Database } from "./database.ts";
import { killQuery } from "./session.ts";

let service: TestService;
const [A, B] = [binaryId(newId()), binaryId(newId())];

beforeAll(async () => {
  service = await startTestService("scheduling");
  await service.db.write("INSERT INTO patient_calendars (patient_id, version) VALUES (?, 0), (?, 0)", [A, B]);
});
afterAll(() => service.close());

const versionOf = async (id: BinaryId) => {
  const [row] = await service.db.read<{ version: number }>(
    "SELECT version FROM patient_calendars WHERE patient_id = ?",
    [id],
  );
  return row!.version;
};

const BUMP = "UPDATE patient_calendars SET version = version + 1 WHERE patient_id = ?";

test("transactions that lock each other out are tried again until all have happened", async () => {
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

test("what throws leaves nothing behind, deferred statements included", async () => {
  const before = await versionOf(A);
  const failing = service.db.transaction(async (tx) => {
    await tx.write(BUMP, [A]);
    tx.defer(BUMP, [A]);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await versionOf(A)).toBe(before);
});

test("of much that is to be deleted no more is, once its signal is aborted", async () => {
  const ids = Array.from({ length: 2500 }, () => [binaryId(newId()), 0]);
  await service.db.write("INSERT INTO inbox (aggregate_id, version) VALUES ?", [ids]);
  const left = async () => (await service.db.read("SELECT 1 FROM inbox")).length;
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

test("deferred statements happen with the commit", async () => {
  const before = await versionOf(A);
  await service.db.transaction(async (tx) => tx.defer(BUMP, [A]));
  expect(await versionOf(A)).toBe(before + 1);
});

test("what is bound stays a value", async () => {
  const nasty = `'; DROP TABLE slots; -- \\' " \u0000`;
  const [row] = await service.db.read<{ text: string }>("SELECT ? AS text", [nasty]);
  expect(row!.text).toBe(nasty);
  const [again] = await service.db.transaction((tx) =>
    tx.read<{ text: string }>("SELECT ? AS text", [nasty]),
  );
  expect(again!.text).toBe(nasty);
});

/** A database with one connection of each kind by default; the server has other connections, too. */
function databaseWith(timeoutMs: number, poolSize = 1): Database {
  const url = new URL(process.env.MYSQL_URL!);
  url.pathname = "/mysql";
  return new Database({ url: url.href, poolSize, timeoutMs });
}

/** A join that runs for hours. */
const ENDLESS =
  "information_schema.COLLATIONS a, information_schema.COLLATIONS b, information_schema.COLLATIONS c, information_schema.COLLATIONS d, information_schema.COLLATIONS e";

const running = async (mark: string): Promise<number> =>
  (
    await service.db.read(
      "SELECT 1 FROM information_schema.PROCESSLIST WHERE info LIKE ? AND info NOT LIKE '%PROCESSLIST%'",
      [`%${mark}%`],
    )
  ).length;

test.each(["read", "scan"] as const)(
  "a slow %s is UNAVAILABLE, and leaves no statement running",
  async (kind) => {
    const db = databaseWith(500);
    const endless = db[kind](`SELECT COUNT(*) AS endless_${kind} FROM ${ENDLESS}`);
    await expect(endless).rejects.toMatchObject({ reason: "UNAVAILABLE" });
    await eventually(
      () => running(`endless_${kind}`),
      (count) => count === 0,
    );
    await db.close();
  },
);

test("the server ends a SELECT of any connection before its client gives up", async () => {
  const db = databaseWith(20_000);
  const sql = "SELECT @@SESSION.max_execution_time AS ms";
  const bounds = [
    await db.read<{ ms: number }>(sql),
    await db.scan<{ ms: number }>(sql),
    await db.transaction((tx) => tx.read<{ ms: number }>(sql)),
  ];
  expect(bounds.flat()).toEqual(Array(3).fill({ ms: 18_000 }));
  await db.close();
});

test("a connection is reused after the server ended its SELECT", async () => {
  const db = databaseWith(20_000);
  const id = "SELECT CONNECTION_ID() AS id";
  const endless = `SELECT /*+ MAX_EXECUTION_TIME(50) */ COUNT(*) AS ended FROM ${ENDLESS}`;
  const ended = expect.objectContaining({
    reason: "UNAVAILABLE",
    cause: expect.objectContaining({ errno: 3024 }),
  });
  const ids = [await db.read(id), await db.transaction((tx) => tx.read(id))];
  await expect(db.read(endless)).rejects.toEqual(ended);
  await expect(db.transaction((tx) => tx.read(endless))).rejects.toEqual(ended);
  expect([await db.read(id), await db.transaction((tx) => tx.read(id))]).toEqual(ids);
  await db.close();
});

test("a SELECT that outlives the server's limit is killed, and its connection is not reused", async () => {
  const db = databaseWith(300);
  const idOf = async () => (await db.read<{ id: number }>("SELECT CONNECTION_ID() AS id"))[0]!.id;
  const id = await idOf();
  const unbounded = db.read(`SELECT /*+ MAX_EXECUTION_TIME(60000) */ COUNT(*) AS killed FROM ${ENDLESS}`);
  await expect(unbounded).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  await eventually(
    () => running("killed"),
    (count) => count === 0,
  );
  expect(await idOf()).not.toBe(id);
  await db.close();
});

test("a write that outlives the time-out is not killed, and commits", async () => {
  const [{ name }] = (await service.db.read<{ name: string }>("SELECT DATABASE() AS name")) as [
    { name: string },
  ];
  const before = await versionOf(A);
  const db = databaseWith(300);
  await db.read("SELECT 1 AS spare");
  const slow = `UPDATE ${name}.patient_calendars SET version = version + 1 + SLEEP(2) WHERE patient_id = ?`;
  await expect(db.write(slow, [A])).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  await eventually(
    () => running("SLEEP(2)"),
    (count) => count === 0,
  );
  expect(await versionOf(A)).toBe(before + 1);
  await db.close();
});

test("a connection to another server kills nothing", async () => {
  const query = jest.fn<(sql: string, values: unknown[]) => Promise<unknown>>();
  query.mockResolvedValue([]);
  const session = { serverUuid: "one", threadId: 7 };
  const other = { serverUuid: "other", threadId: 8 };
  await killQuery(session, other, { query } as never, 300);
  expect(query).not.toHaveBeenCalled();
  await killQuery(session, { ...other, serverUuid: "one" }, { query } as never, 300);
  expect(query).toHaveBeenCalledWith("KILL QUERY ?", [7]);
});

test("reads do not wait when scans use all their connections", async () => {
  const db = databaseWith(2000);
  const scans = Array.from({ length: 20 }, () => db.scan(`SELECT COUNT(*) FROM ${ENDLESS}`));
  const settled = Promise.allSettled(scans);
  expect(await db.read("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await settled;
  await db.close();
});

/** Waits for a lock that a test holds. */
const SLOW = "SELECT GET_LOCK('slow', 60), RELEASE_LOCK('slow')";

async function lockStatements(): Promise<() => Promise<void>> {
  const lock = await createConnection(process.env.MYSQL_URL!);
  await lock.query("SELECT GET_LOCK('slow', 0)");
  return () => lock.end();
}

const as = <T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
  context.with(withBorrower(context.active(), { key, isBounded: true, ...(signal && { signal }) }), work);

test("of a connection for scans, callers have turns: one with eight slow scans delays another by one", async () => {
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
  "each %s of a caller with slow ones waits while they hold a quarter of the connections, and others do not",
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

test("a SELECT whose call is cancelled no longer waits for a connection; a transaction waits on", async () => {
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

test("a pool that is used up is UNAVAILABLE after the time-out, not a wait without end", async () => {
  const url = new URL(process.env.MYSQL_URL!);
  url.pathname = "/mysql";
  const db = new Database({ url: url.href, poolSize: 1, timeoutMs: 3000 });
  const held = db.read("SELECT SLEEP(2)");
  const results = await Promise.allSettled([held, db.read("SELECT SLEEP(2)"), db.read("SELECT SLEEP(2)")]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(await db.read("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await db.close();
});

/** Both of a database's connections of each kind are made, and the way to it is a proxy's. */
async function databaseBehindProxy() {
  const url = new URL(process.env.MYSQL_URL!);
  url.pathname = "/mysql";
  const way = await TcpProxy.to(Number(url.port));
  url.host = `127.0.0.1:${way.port}`;
  const db = new Database({ url: url.href, poolSize: 2, timeoutMs: 2000 });
  const warm = [1, 2].flatMap(() => [
    db.read("SELECT 1 AS one"),
    db.transaction((tx) => tx.read("SELECT 1 AS one")),
  ]);
  await Promise.all(warm);
  return { db, way };
}

const CUTS: [string, (way: TcpProxy) => void][] = [
  ["are lost", (way) => way.lose()],
  ["are black-holed", (way) => (way.weather = { kind: "blackhole" })],
];

test.each(CUTS)(
  "when connections %s, statements new and known end in time, and the pool has its places again",
  async (_, cut) => {
    const { db, way } = await databaseBehindProxy();
    cut(way);
    const results = await Promise.allSettled([
      db.read("SELECT 2 AS new"),
      db.read("SELECT 1 AS one"),
      db.transaction((tx) => tx.read("SELECT 1 AS one")),
      db.transaction(async (tx) => tx.defer("DO 0")),
    ]);
    expect(results).toEqual(
      Array(4).fill({ status: "rejected", reason: expect.objectContaining({ reason: "UNAVAILABLE" }) }),
    );
    way.weather = CLEAR;
    const reads = [2, 3].map((n) => db.read(`SELECT ${n} AS n`));
    expect(await Promise.all(reads)).toEqual([[{ n: 2 }], [{ n: 3 }]]);
    expect(await db.transaction((tx) => tx.read("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
    await db.close();
    await way.close();
  },
);
