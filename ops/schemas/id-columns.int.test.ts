import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SERVICES } from "@medconnect/topology/services.ts";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { onOneServer, provision } from "./provision.ts";

/** Id columns whose type is not BINARY(16), each with the reason. */
const NOT_BINARY: Record<string, string> = {
  "outbox.id": "read by Debezium",
  "outbox.aggregateid": "read by Debezium",
  "audit_events.actor_id": "also of services and commands",
  "audit_events.subject_1": "derived from JSON",
  "audit_events.subject_2": "derived from JSON",
  "audit_events.request_id": "chosen by the caller",
  "audit_events.trace_id": "a W3C trace id",
  "audit_seals.key_id": "the beginning of a key's hash",
  "audit_acknowledgements.finding_id": "the beginning of a hash",
  "idempotency_keys.id": "a keyed hash",
  "failure_counters.id": "a keyed hash",
  "revocations.session_id": "also the kid of a signing key",
  "prescriptions.ended_by": "also of services",
  "payment_attempts.key_id": "an idempotency key's id",
  "refunds.key_id": "an idempotency key's id",
  "used_assertions.id": "a hash",
  "webhook_events.event_id": "chosen by the provider",
};

const adminUrl = process.env.MYSQL_URL!;
const prefix = `i${process.pid}_`;
const IS_ID = /(\.|_)(id|by)$/;

interface Column {
  name: string;
  type: string;
}

let admin: Connection;
let columns: Column[];

beforeAll(async () => {
  await provision({
    ...onOneServer(adminUrl, prefix),
    passwords: { auth: "a", scheduling: "s", clinical: "c", billing: "b" },
  });
  admin = await createConnection(adminUrl);
  const [rows] = await admin.query<(Column & RowDataPacket)[]>(
    `SELECT DISTINCT CONCAT(TABLE_NAME, '.', COLUMN_NAME) AS name, COLUMN_TYPE AS type
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (?) AND DATA_TYPE <> 'enum'`,
    [SERVICES.map((service) => prefix + service)],
  );
  columns = rows;
});

afterAll(async () => {
  for (const service of SERVICES) await admin.query(`DROP DATABASE ${prefix}${service}`);
  for (const service of SERVICES) await admin.query(`DROP USER ${prefix}${service}`);
  await admin.end();
});

const named = (is: (column: Column) => boolean): string[] => columns.filter(is).map(({ name }) => name);

test("every id is BINARY(16), except the listed ones", () => {
  const others = named(
    ({ name, type }) => type === "char(36)" || (IS_ID.test(name) && type !== "binary(16)"),
  );
  expect(others.sort()).toEqual(Object.keys(NOT_BINARY).sort());
});

test("every BINARY(16) column is an id, because reads return ids as text", () => {
  expect(named(({ name, type }) => /binary\(16\)/.test(type) && !IS_ID.test(name))).toEqual([]);
  expect(named(({ type }) => type === "binary(16)").length).toBeGreaterThan(40);
});
