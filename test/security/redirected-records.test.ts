import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { scrapeAll } from "../observability/scrape.ts";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { begin, book, DAY_MS, FEE, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const NOTES = "notes about the victim";
let database: Connection;
let attacker: Account;
let victim: Account;
let booking: string;
let consultation: string;

beforeAll(async () => {
  const doctor = await openPractice(api);
  [attacker, victim] = [await signUp(api, "PATIENT"), await signUp(api, "PATIENT")];
  const booked = await book(victim, await offer(doctor, SOON_MS), "a rash of the victim");
  [booking, consultation] = [booked.id, booked.consultationId];
  await begin(victim, doctor, consultation);
  await doctor.api.ok(`POST /v1/consultations/${consultation}:complete`, {
    key: true,
    body: { notes: NOTES },
  });
  database = await createConnection({ uri: stack.urls.mysql });
});
afterAll(() => database.end());

const redirect = (table: string, id: string, to: Account) =>
  database.query("UPDATE ?? SET patient_id = ? WHERE id = ?", [table, binaryId(to.id), binaryId(id)]);

async function refused(service: "clinical" | "scheduling", column: string): Promise<number> {
  const samples = (await scrapeAll())[service].filter(({ name }) => name === "decryption_refused_total");
  return samples.find(({ labels }) => labels.column === column)?.value ?? 0;
}

test.each([
  ["consultation", "clinical", "consultations", "notes", () => `/v1/consultations/${consultation}`],
  ["booking", "scheduling", "bookings", "reason", () => `/v1/bookings/${booking}`],
] as const)(
  "a %s redirected to another patient in the database is hidden from them, and visible to its owner once restored",
  async (_what, service, table, column, path) => {
    const id = path().split("/").at(-1)!;
    const before = await refused(service, `${table}.${column}`);
    await redirect(`medconnect_${service}.${table}`, id, attacker);
    const answer = await attacker.api.send(`GET ${path()}`);
    expect(answer).toMatchObject({ status: 409, body: { reason: "RECORD_ALTERED" } });
    expect(JSON.stringify(answer.body)).not.toContain("victim");
    expect(await refused(service, `${table}.${column}`)).toBe(before + 1);

    await redirect(`medconnect_${service}.${table}`, id, victim);
    expect(JSON.stringify(await victim.api.ok(`GET ${path()}`))).toContain("the victim");
  },
);

test.each([
  ["payment_id", 2],
  ["consultation_id", 4],
])(
  "cancelling an own booking whose %s was redirected in the database does not end the victim's",
  async (column, days) => {
    const doctor = await openPractice(api, { fee: FEE });
    const [victims, own] = [
      await book(victim, await offer(doctor, days * DAY_MS)),
      await book(attacker, await offer(doctor, (days + 1) * DAY_MS)),
    ];
    const payment = `/v1/payments/${victims.paymentId}`;
    const body = { paymentMethod: "pm_card_visa" };
    await victim.api.ok(`POST ${payment}:authorize`, { key: true, body });
    const meeting = `GET /v1/consultations/${victims.consultationId}`;
    await eventually(
      () => victim.api.send(meeting),
      ({ status }) => status === 200,
    );

    const to = column === "payment_id" ? victims.paymentId : victims.consultationId;
    await database.query("UPDATE medconnect_scheduling.bookings SET ?? = ? WHERE id = ?", [
      column,
      binaryId(to),
      binaryId(own.id),
    ]);
    await attacker.api.ok(`POST /v1/bookings/${own.id}:cancel`, { body: {} });
    const cancelled = "aggregateid = ? AND type = 'booking.cancelled' AND destination = ?";
    const params = [own.id, column === "payment_id" ? "billing" : "clinical"];
    const refusal = async () => {
      const sql = `SELECT last_error FROM medconnect_scheduling.outbox WHERE ${cancelled}`;
      const [rows] = await database.query<RowDataPacket[]>(sql, params);
      return rows[0]?.last_error;
    };
    expect(await eventually(refusal, (reason) => reason === "RECORD_ALTERED")).toBe("RECORD_ALTERED");
    expect(await victim.api.ok(`GET ${payment}`)).toMatchObject({ status: "AUTHORIZED" });
    expect(await victim.api.ok(meeting)).toMatchObject({ status: "SCHEDULED" });
    await database.query(`DELETE FROM medconnect_scheduling.outbox WHERE ${cancelled}`, params);
  },
);

test("a grant inserted into clinical's copy allows no admin's read", async () => {
  const admin = await signUpAdmin(api, stack);
  await database.query(
    "INSERT INTO medconnect_clinical.break_glass_grants (id, admin_id, patient_id, end_time) VALUES (?, ?, ?, ?)",
    [...[randomUUID(), admin.id, victim.id].map(binaryId), new Date("2100-01-01")],
  );
  expect(await admin.api.send(`GET /v1/consultations/${consultation}`)).toMatchObject({
    status: 403,
    body: { reason: "BREAK_GLASS_REQUIRED" },
  });
});
