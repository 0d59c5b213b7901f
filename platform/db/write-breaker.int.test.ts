import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, createConnection } from "mysql2/promise";
import { eventually } from "../../test/support/eventually.ts";
import { newId } from "../ids/ids.ts";
import { runningStatements } from "../testing/slow-statements.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { binaryId } from "./binary-id.ts";
import { Database } from "./database.ts";

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

test("while writes hang, all fail at once and reads go on, until a write of the probe succeeds", async () => {
  const [schema] = await service.db.read<{ name: string }>("SELECT DATABASE() AS name");
  const url = new URL(process.env.MYSQL_URL!);
  url.pathname = `/${schema!.name}`;
  const db = new Database({ url: url.href, poolSize: 4, timeoutMs: 500 });
  const write = () => db.write("UPDATE inbox SET version = version + 1 WHERE aggregate_id = ?", [ID]);
  await locker.query("LOCK TABLES ??.inbox READ, ??.idempotency_keys READ", [schema!.name, schema!.name]);
  await expect(write()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(db.areWritesFailing).toBe(true);

  await eventually(
    () => runningStatements(service.db, "INSERT INTO idempotency_keys"),
    (running) => running === 1,
  );
  const refused = Promise.all([write(), write()]).catch(({ reason, cause }) => ({ reason, cause }));
  expect(await refused).toEqual({ reason: "UNAVAILABLE", cause: undefined });
  expect(await db.read("SELECT version FROM inbox WHERE aggregate_id = ?", [ID])).toHaveLength(1);
  expect(db.areWritesFailing).toBe(true);

  await locker.query("UNLOCK TABLES");
  await eventually(
    async () => db.areWritesFailing,
    (areFailing) => !areFailing,
  );
  await write();
  await db.close();
});
