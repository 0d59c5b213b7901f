import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, createConnection } from "mysql2/promise";
import { newId } from "../ids/ids.ts";
import { databaseWith } from "../testing/slow-statements.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { binaryId } from "./binary-id.ts";

let service: TestService;
let locker: Connection;
const ID = binaryId(newId());

beforeAll(async () => {
  service = await startTestService("scheduling");
  await service.db.write("INSERT INTO inbox (aggregate_id, version) VALUES (?, 0)", [ID]);
  locker = await createConnection(process.env.MYSQL_URL!);
});
afterAll(async () => {
  await locker.end();
  await service.close();
});

test("while writes hang, they fail at once and reads go on; the first write that succeeds ends it", async () => {
  const [schema] = await service.db.read<{ name: string }>("SELECT DATABASE() AS name");
  const table = `${schema!.name}.inbox`;
  const db = databaseWith(500, 4);
  const write = () => db.write(`UPDATE ${table} SET version = version + 1 WHERE aggregate_id = ?`, [ID]);
  const read = () => db.read(`SELECT version FROM ${table} WHERE aggregate_id = ?`, [ID]);
  await locker.query(`LOCK TABLES ${table} READ`);
  await expect(write()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(db.areWritesFailing).toBe(true);

  const trial = write().catch(() => "after the time-out");
  const other = write().catch(({ reason }) => reason);
  expect(await Promise.race([trial, other])).toBe("UNAVAILABLE");
  expect(await read()).toHaveLength(1);
  await trial;
  expect(db.areWritesFailing).toBe(true);

  await locker.query("UNLOCK TABLES");
  await write();
  expect(db.areWritesFailing).toBe(false);
  await db.close();
});
