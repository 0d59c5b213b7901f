import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, createConnection } from "mysql2/promise";
import { provision, SERVICES } from "./provision.ts";

const adminUrl = process.env.MYSQL_URL!;
const prefix = `p${process.pid}_`;
const passwords = { auth: "a", scheduling: "s", clinical: "c", billing: "b" };
let admin: Connection;
let billing: Connection;

beforeAll(async () => {
  await provision({ adminUrl, prefix, passwords });
  admin = await createConnection(adminUrl);
  const url = new URL(adminUrl);
  billing = await createConnection(`mysql://${prefix}billing:b@${url.host}/${prefix}billing`);
});

afterAll(async () => {
  await billing.end();
  for (const service of SERVICES) await admin.query(`DROP DATABASE ${prefix}${service}`);
  for (const service of SERVICES) await admin.query(`DROP USER ${prefix}${service}`);
  await admin.end();
});

test("applies nothing the second time", async () => {
  expect(await provision({ adminUrl, prefix, passwords })).toEqual([]);
});

test("gives every table what Group Replication demands: InnoDB and a primary key", async () => {
  const [odd] = await admin.query(
    `SELECT t.TABLE_SCHEMA, t.TABLE_NAME FROM information_schema.TABLES t
     LEFT JOIN information_schema.TABLE_CONSTRAINTS c
       ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY'
     WHERE t.TABLE_SCHEMA IN (?) AND (t.ENGINE <> 'InnoDB' OR c.CONSTRAINT_NAME IS NULL)`,
    [SERVICES.map((service) => prefix + service)],
  );
  expect(odd).toEqual([]);
});

test("lets a service change the rows of its own tables", async () => {
  await expect(billing.query("DELETE FROM outbox")).resolves.toBeDefined();
});

test.each([
  "UPDATE audit_events SET action = 'x'",
  "DELETE FROM audit_events",
  "UPDATE audit_seals SET seq = 1",
  "DELETE FROM audit_seals",
  "UPDATE audit_checkpoints SET seq = 1",
  "DELETE FROM audit_checkpoints",
  "CREATE TABLE more (id INT)",
  "DROP TABLE outbox",
  "SELECT * FROM schema_migrations",
  `SELECT * FROM ${prefix}auth.outbox`,
])("refuses a service: %s", async (sql) => {
  await expect(billing.query(sql)).rejects.toMatchObject({ code: "ER_TABLEACCESS_DENIED_ERROR" });
});
