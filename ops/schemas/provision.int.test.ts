import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { type Connection, createConnection } from "mysql2/promise";
import { onOneServer, provision } from "./provision.ts";

const adminUrl = process.env.MYSQL_URL!;
const prefix = `p${process.pid}_`;
const passwords = { auth: "a", scheduling: "s", clinical: "c", billing: "b" };
let admin: Connection;
const services = {} as Record<ServiceName, Connection>;

beforeAll(async () => {
  await provision({ ...onOneServer(adminUrl, prefix), passwords });
  admin = await createConnection(adminUrl);
  for (const name of SERVICES) services[name] = await createConnection(loginOf(name));
});

const loginOf = (name: ServiceName) =>
  `mysql://${prefix}${name}:${passwords[name]}@${new URL(adminUrl).host}/${prefix}${name}`;

afterAll(async () => {
  for (const connection of Object.values(services)) await connection.end();
  for (const service of SERVICES) await admin.query(`DROP DATABASE ${prefix}${service}`);
  for (const service of SERVICES) await admin.query(`DROP USER ${prefix}${service}`);
  await admin.end();
});

test("applies nothing the second time", async () => {
  expect(await provision({ ...onOneServer(adminUrl, prefix), passwords })).toEqual([]);
});

test("restores rights that were revoked, and revokes added ones", async () => {
  const grants = async (service: ServiceName) =>
    (await admin.query(`SHOW GRANTS FOR ${prefix}${service}`))[0];
  const before = [await grants("auth"), await grants("clinical")];
  await admin.query(`GRANT UPDATE ON ${prefix}auth.audit_events TO ${prefix}auth`);
  await admin.query(`REVOKE DELETE ON ${prefix}auth.outbox FROM ${prefix}auth`);
  await admin.query(`REVOKE UPDATE (text) ON ${prefix}clinical.addenda FROM ${prefix}clinical`);
  await provision({ ...onOneServer(adminUrl, prefix), passwords });
  expect([await grants("auth"), await grants("clinical")]).toEqual(before);
});

test("refuses databases of an older release before any change, and names the way out", async () => {
  const swap = (from: string, to: string) =>
    admin.query("UPDATE ??.schema_migrations SET checksum = REPLACE(checksum, ?, ?)", [
      `${prefix}billing`,
      from,
      to,
    ]);
  await swap("0", "x");
  const anotherLogin = { ...passwords, auth: "another" };
  await expect(provision({ ...onOneServer(adminUrl, prefix), passwords: anotherLogin })).rejects.toThrow(
    "npm start -- --reset",
  );
  await (await createConnection(loginOf("auth"))).end();
  await swap("x", "0");
});

test("gives every table InnoDB and a primary key, as Group Replication requires", async () => {
  const [odd] = await admin.query(
    `SELECT t.TABLE_SCHEMA, t.TABLE_NAME FROM information_schema.TABLES t
     LEFT JOIN information_schema.TABLE_CONSTRAINTS c
       ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY'
     WHERE t.TABLE_SCHEMA IN (?) AND (t.ENGINE <> 'InnoDB' OR c.CONSTRAINT_NAME IS NULL)`,
    [SERVICES.map((service) => prefix + service)],
  );
  expect(odd).toEqual([]);
});

describe.each(SERVICES)("%s", (service) => {
  test("changes the rows of its own tables", async () => {
    await expect(services[service].query("DELETE FROM outbox")).resolves.toBeDefined();
  });

  test.each(SERVICES.filter((other) => other !== service))("reads no table of %s", async (other) => {
    const read = services[service].query(`SELECT * FROM ${prefix}${other}.outbox`);
    await expect(read).rejects.toMatchObject({ errno: 1142 });
  });

  test.each([
    "UPDATE audit_events SET action = 'x'",
    "DELETE FROM audit_events",
    "UPDATE audit_seals SET seq = 1",
    "DELETE FROM audit_seals",
    "UPDATE audit_checkpoints SET seq = 1",
    "DELETE FROM audit_checkpoints",
    "SELECT * FROM schema_migrations",
    "CREATE TABLE more (id INT)",
    "ALTER TABLE outbox ADD COLUMN more INT",
    "CREATE INDEX more ON outbox (type)",
    "DROP TABLE outbox",
    "TRUNCATE outbox",
    "CREATE VIEW more AS SELECT 1",
  ])("may not: %s", async (sql) => {
    await expect(services[service].query(sql)).rejects.toMatchObject({ errno: 1142 });
  });

  test.each([
    "CREATE DATABASE more",
    "CREATE USER more",
    "CREATE PROCEDURE more() SELECT 1",
    "SET GLOBAL max_connections = 1",
    "SELECT LOAD_FILE('/etc/hostname') FROM mysql.user",
    "SHOW GRANTS FOR root@127.0.0.1",
  ])("may not: %s", async (sql) => {
    await expect(services[service].query(sql)).rejects.toMatchObject({ sqlState: "42000" });
  });
});

describe("an addendum to a consultation's notes", () => {
  test.each([
    ["is not taken back", "DELETE FROM addenda", 1142],
    ["is not moved to another one", "UPDATE addenda SET consultation_id = id", 1143],
    ["is not dated otherwise", "UPDATE addenda SET create_time = '2030-01-01'", 1143],
  ])("%s", async (_, sql, errno) => {
    await expect(services.clinical.query(sql)).rejects.toMatchObject({ errno });
  });

  test("can be encrypted under another key", async () => {
    await expect(
      services.clinical.query("UPDATE addenda SET text = text WHERE id = ''"),
    ).resolves.toBeDefined();
  });
});
