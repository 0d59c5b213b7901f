import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { scrapeAll } from "../observability/scrape.ts";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const id = randomUUID();
let database: Connection;
let admin: Account;
let patient: Account;

/** Inserts an event, like an attacker with database access: a break-glass grant that no admin created. */
beforeAll(async () => {
  [admin, patient] = [await signUpAdmin(api, stack), await signUp(api, "PATIENT")];
  database = await createConnection({ uri: stack.urls.mysql, database: "medconnect_auth" });
  const event = Event.fromPartial({
    id,
    type: "break_glass.granted",
    aggregateId: randomUUID(),
    version: 1,
    occurTime: new Date(),
    state: {
      $case: "breakGlass",
      value: {
        adminId: admin.id,
        patientId: patient.id,
        endTime: new Date(Date.now() + 60_000),
      },
    },
  });
  await database.query(
    `INSERT INTO outbox
       (id, aggregatetype, aggregateid, type, payload, mac, destination, create_time, available_time)
     VALUES (?, 'break_glass', ?, ?, ?, RANDOM_BYTES(32), 'clinical', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
    [id, event.aggregateId, event.type, Buffer.from(Event.encode(event).finish())],
  );
});
afterAll(async () => {
  await database.query("DELETE FROM outbox WHERE id = ?", [id]);
  await database.end();
});

const reasonInTable = async () => {
  const [rows] = await database.query<RowDataPacket[]>("SELECT last_error, dead FROM outbox WHERE id = ?", [
    id,
  ]);
  return rows[0]?.dead ? rows[0].last_error : undefined;
};

test("a grant inserted into auth's outbox gives no access, and is dead and counted", async () => {
  expect(await eventually(reasonInTable, (reason) => reason !== undefined)).toBe("FORGED");
  const read = `GET /v1/consultations?patientId=${patient.id}`;
  expect(await admin.api.send(read)).toMatchObject({ status: 403, body: { reason: "BREAK_GLASS_REQUIRED" } });
  const counted = (await scrapeAll()).auth.find(
    ({ name, labels }) => name === "outbox_delivered_total" && labels.result === "forged",
  );
  expect(counted).toMatchObject({ value: 1, labels: { destination: "clinical" } });
});
