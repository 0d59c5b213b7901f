import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, logIn, PASSWORD, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc } from "../support/grpc.ts";
import { type Booked, begin, book, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
let admin: Account;
let doctor: Account;
let patient: Account;
let booked: Booked;
/** Statuses of payments that were captured, refunded or not. */
const CAPTURED = ["CAPTURED", "PARTIALLY_REFUNDED", "REFUNDED"];
/** A fee in a currency that only this test uses, because other tests change the revenue in USD. */
const FEE = { currencyCode: "CHF", amountMinor: "5000" };

const payAndComplete = async () => {
  const body = { paymentMethod: "pm_card_visa" };
  await patient.client.authorizePayment({ paymentId: booked.paymentId, ...body });
  const consultation = `/v1/consultations/${booked.consultationId}`;
  await begin(patient, doctor, booked.consultationId);
  await doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: "All well." } });
};

beforeAll(async () => {
  admin = await signUpAdmin(api, stack);
  doctor = await openPractice(api, { fee: FEE });
  patient = await signUp(api, "PATIENT");
});

test("an operator creates an admin with a command, who then signs in", async () => {
  const email = `first-${randomUUID()}@example.org`;
  const command = [
    join(import.meta.dirname, "../../ops/create-admin.ts"),
    "--email",
    email,
    "--full-name",
    "First",
  ];
  const env = { ...process.env, ADMIN_PASSWORD: PASSWORD };
  const { stdout } = await promisify(execFile)(process.execPath, command, { env });
  expect(stdout).toBe(`${email} is an admin now\nSign in at /console of the API's host.\n`);
  expect(await (await logIn(api, { email })).client.getMe()).toMatchObject({ role: "ADMIN" });
});

describe("the platform's figures", () => {
  const stats = () => admin.client.getStats();
  const count = (figures: Json, map: string, key: string): number =>
    Number((figures[map] as Record<string, string>)[key] ?? 0);
  const today = ({ activity }: Json, key: string): number => Number((activity as Json[])[0]?.[key]);
  const revenue = (figures: Json): number => {
    const found = (figures.revenue as Json[]).find(({ currencyCode }) => currencyCode === FEE.currencyCode);
    return Number(found?.amountMinor ?? 0);
  };

  test("count users, bookings, consultations, payments and revenue", async () => {
    const before = await stats();
    await signUp(api, "PATIENT");
    booked = await book(patient, await offer(doctor, SOON_MS));
    await payAndComplete();
    const completed = (figures: Json) => count(figures, "consultationsByStatus", "COMPLETED");
    const closed = (figures: Json) => count(figures, "bookingsByStatus", "COMPLETED");
    // Also counts refunded payments, because another test may refund a captured payment between two reads of
    // the statistics.
    const captured = (figures: Json) =>
      CAPTURED.map((status) => count(figures, "paymentsByStatus", status)).reduce((sum, more) => sum + more);
    const patients = (figures: Json) => count(figures, "usersByRole", "PATIENT");
    const todays = ["registrations", "bookings", "consultations"].map(
      (kind) => (figures: Json) => today(figures, kind),
    );
    const all = [revenue, completed, closed, captured, patients, ...todays];
    // Waits until all figures have grown. Each figure is counted separately, at most every 15 s. So a capture
    // may show in one figure earlier than in another.
    const after = await eventually(stats, (figures) =>
      all.every((figure) => figure(figures) > figure(before)),
    );
    expect(revenue(after) - revenue(before)).toBe(Number(FEE.amountMinor));
    expect(after).toMatchObject({ unavailable: [], activity: { length: 7 } });
  });

  test("by day grow at once, over HTTP and gRPC", async () => {
    const values = ({ series }: Json, figure: string, label = ""): number => {
      const found = (series as Json[]).find((one) => one.figure === figure && (one.label ?? "") === label);
      return Number((found?.values as string[] | undefined)?.at(-1) ?? 0);
    };
    const overHttp = () => admin.client.getDailyStats({ days: 1 });
    const before = await overHttp();
    const amount = (stats: Json) => values(stats, "AMOUNT_CAPTURED", FEE.currencyCode);
    const grown = (stats: Json) => [
      values(stats, "REGISTRATIONS", "PATIENT") - values(before, "REGISTRATIONS", "PATIENT"),
      ...["BOOKINGS_CREATED", "BOOKINGS_CONFIRMED", "CONSULTATIONS_COMPLETED"].map(
        (figure) => values(stats, figure) - values(before, figure),
      ),
    ];
    [doctor, patient] = await Promise.all([openPractice(api, { fee: FEE }), signUp(api, "PATIENT")]);
    booked = await book(patient, await offer(doctor, SOON_MS));
    await payAndComplete();
    const after = await eventually(overHttp, (stats) => amount(stats) > amount(before));
    expect(amount(after) - amount(before)).toBe(Number(FEE.amountMinor));
    for (const more of grown(after)) expect(more).toBeGreaterThanOrEqual(1);
    const { startDate, readTime } = after as Json;
    expect(startDate).toBe(String(readTime).slice(0, 10));

    const direct = new Grpc(stack.addresses.billing);
    const { body } = await direct.call("operations.v1.StatsService/GetDailyStats", { days: 1 }, admin);
    direct.close();
    expect(amount(body as Json)).toBe(amount(after));
  });

  test.each(["PATIENT", "DOCTOR"])("are denied to a %s", async (role) => {
    const own = (role === "PATIENT" ? patient : doctor).api;
    for (const path of [
      "/v1/admin/stats",
      "/v1/admin/stats/daily",
      "/v1/admin/audit-events",
      "/v1/admin/audit-events:export",
      "/v1/admin/users",
    ]) {
      expect(refusal(await own.send(`GET ${path}`))).toEqual({ status: 403, reason: "PERMISSION_DENIED" });
    }
  });
});
