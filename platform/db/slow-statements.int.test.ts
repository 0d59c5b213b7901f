import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { eventually } from "../../test/support/eventually.ts";
import { newId } from "../ids/ids.ts";
import { databaseWith, ENDLESS, runningStatements } from "../testing/slow-statements.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { binaryId } from "./binary-id.ts";
import { killQuery } from "./session.ts";

let service: TestService;
const ID = binaryId(newId());

beforeAll(async () => {
  service = await startTestService("scheduling");
  await service.db.write("INSERT INTO inbox (aggregate_id, version) VALUES (?, 0)", [ID]);
});
afterAll(() => service.close());

const running = (mark: string) => runningStatements(service.db, mark);

test.each(["read", "scan"] as const)(
  "a slow %s throws UNAVAILABLE and leaves no running statement",
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

test("the server stops a SELECT of each pool before its client's time-out", async () => {
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

test("a connection is reused after the server has stopped its SELECT", async () => {
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

test("a SELECT beyond the server's limit is killed, and its connection is not reused", async () => {
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

test("a write beyond the time-out is not killed, and commits", async () => {
  const [{ name }] = (await service.db.read<{ name: string }>("SELECT DATABASE() AS name")) as [
    { name: string },
  ];
  const db = databaseWith(300);
  await db.read("SELECT 1 AS spare");
  const slow = `UPDATE ${name}.inbox SET version = version + 1 + SLEEP(2) WHERE aggregate_id = ?`;
  await expect(db.write(slow, [ID])).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  await eventually(
    () => running("SLEEP(2)"),
    (count) => count === 0,
  );
  const version = "SELECT version FROM inbox WHERE aggregate_id = ?";
  expect(await service.db.read(version, [ID])).toEqual([{ version: 1 }]);
  await db.close();
});

test("a spare connection to another server kills nothing", async () => {
  const query = jest.fn<(sql: string, values: unknown[]) => Promise<unknown>>();
  query.mockResolvedValue([]);
  const session = { serverUuid: "one", threadId: 7 };
  const other = { serverUuid: "other", threadId: 8 };
  await killQuery(session, other, { query } as never, 300);
  expect(query).not.toHaveBeenCalled();
  await killQuery(session, { ...other, serverUuid: "one" }, { query } as never, 300);
  expect(query).toHaveBeenCalledWith("KILL QUERY ?", [7]);
});
