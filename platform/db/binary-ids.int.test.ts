import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { newId } from "../ids/ids.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { binaryId } from "./binary-id.ts";
import { withIdsAsText } from "./binary-ids.ts";
import type { SqlScalar } from "./sql-value.ts";

let service: TestService;
const ids = Array.from({ length: 300 }, () => newId());

beforeAll(async () => {
  service = await startTestService("scheduling");
  await service.db.write(
    "CREATE TABLE things (id BINARY(16) PRIMARY KEY, other BINARY(16), hash BINARY(32))",
  );
  // Inserts the rows in reverse order of their ids, so that a sorted result cannot come from the order of
  // insertion.
  const rows = ids.map((id) => [binaryId(id), null, Buffer.alloc(32, 7)]).toReversed();
  await service.db.write("INSERT INTO things VALUES ?", [rows]);
});
afterAll(() => service.close());

/**
 * Ways to read: by a prepared statement, in a transaction, and in a transaction that sends a second statement
 * in the same round trip.
 */
const readers = {
  read: <Row>(sql: string, params: SqlScalar[]) => service.db.read<Row>(sql, params),
  transaction: <Row>(sql: string, params: SqlScalar[]) =>
    service.db.transaction(async (tx) => {
      const [rows] = await Promise.all([tx.read<Row>(sql, params), tx.read("SELECT 1 FROM things LIMIT 1")]);
      return rows;
    }),
  "transaction of one statement": <Row>(sql: string, params: SqlScalar[]) =>
    service.db.transaction(async (tx) => {
      await tx.read("SELECT 1");
      return await tx.read<Row>(sql, params);
    }),
};

describe.each(Object.entries(readers))("by %s", (_name, read) => {
  test("an id is found and read as text; a missing id is null, and other bytes stay bytes", async () => {
    const sql = "SELECT id, other, hash, LEFT(id, 15) AS part FROM things WHERE id = ?";
    const id = ids[7]!;
    const part = Buffer.from(id.replaceAll("-", ""), "hex").subarray(0, 15);
    expect(await read(sql, [binaryId(id)])).toEqual([{ id, other: null, hash: Buffer.alloc(32, 7), part }]);
  });

  test("an id computed by SQL is text, too", async () => {
    const sql =
      "SELECT COALESCE(other, id) AS a, IF(id = ?, id, NULL) AS b, MAX(id) AS c FROM things GROUP BY id LIMIT 1";
    const id = ids[0]!;
    expect(await read(sql, [binaryId(id)])).toEqual([{ a: id, b: id, c: id }]);
  });

  test("BIN_TO_UUID shows an id as TypeScript does", async () => {
    const id = ids[3]!;
    expect(await read("SELECT BIN_TO_UUID(id) AS shown FROM things WHERE id = ?", [binaryId(id)])).toEqual([
      { shown: id },
    ]);
  });
});

test("rows are ordered by id, which is the order of time", async () => {
  const rows = await service.db.read<{ id: string }>("SELECT id FROM things ORDER BY id");
  expect(rows.map(({ id }) => id)).toEqual(ids);
});

test("a prepared statement holds ids as text, readable in MySQL's statement lists", () => {
  const id = ids[5]!;
  expect(withIdsAsText("SELECT 1 FROM t WHERE a = ? AND id = ? AND b = ?", [1, binaryId(id), null])).toEqual({
    sql: "SELECT 1 FROM t WHERE a = ? AND id = UUID_TO_BIN(?) AND b = ?",
    values: [1, id, null],
  });
});

test("a text that is no id is refused; null and undefined pass through", () => {
  for (const text of ["", "x", ids[0]!.toUpperCase(), `${ids[0]} `, ids[0]!.replaceAll("-", "")])
    expect(() => binaryId(text)).toThrow("not an id");
  expect([binaryId(null), binaryId(undefined)]).toEqual([null, undefined]);
});

test.each(Object.entries(readers))(
  "a test fails for a statement with an id as text, by %s",
  async (_name, read) => {
    await expect(read("SELECT 1 FROM things WHERE id = ?", [ids[0]!])).rejects.toThrow("an id as text");
  },
);
