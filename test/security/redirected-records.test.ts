import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-ids.ts";
import { type Connection, createConnection } from "mysql2/promise";
import { scrapeAll } from "../observability/scrape.ts";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { begin, book, offer, openPractice, SOON_MS } from "../support/practice.ts";
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
  const samples = (await scrapeAll())[service].filter(({ name }) => name === "sealed_refused_total");
  return samples.find(({ labels }) => labels.column === column)?.value ?? 0;
}

test.each([
  ["consultation", "clinical", "consultations", "notes", () => `/v1/consultations/${consultation}`],
  ["booking", "scheduling", "bookings", "reason", () => `/v1/bookings/${booking}`],
] as const)(
  "a %s given to another patient in the database shows them nothing, and its owner everything again",
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

test("a grant inserted into clinical's copy lets no admin read", async () => {
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
