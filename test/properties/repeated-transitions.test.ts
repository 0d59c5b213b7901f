import { getOption, hasOption } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { methods } from "@medconnect/platform/contract/methods.ts";
import { binaryId } from "@medconnect/platform/db/binary-ids.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { type Connection, createConnection } from "mysql2/promise";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { begin, book, claim, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
let database: Connection;
let admin: Account;

beforeAll(async () => {
  database = await createConnection({ uri: stack.urls.mysql });
  admin = await signUpAdmin(api, stack);
});
afterAll(() => database.end());

/** Object that a transition can be made of, its actor, and the request apart from the reason. */
interface Start {
  by: Account;
  id: unknown;
  body?: Json;
}

async function appointment() {
  const [doctor, patient] = await Promise.all([openPractice(api), signUp(api, "PATIENT")]);
  return { doctor, patient, booked: await book(patient, await offer(doctor, SOON_MS)) };
}

async function pastBooking(): Promise<Start> {
  const { booked } = await appointment();
  const sql = `UPDATE medconnect_scheduling.bookings SET start_time = start_time - INTERVAL 1 HOUR,
    end_time = end_time - INTERVAL 1 HOUR WHERE id = ?`;
  await database.query(sql, [binaryId(booked.id)]);
  return { by: admin, id: booked.id, body: { outcome: "NO_SHOW_BOTH", feeDecision: "RELEASE" } };
}

async function startedConsultation() {
  const { doctor, patient, booked } = await appointment();
  await begin(patient, doctor, booked.consultationId);
  return { by: doctor, id: booked.consultationId };
}

async function prescription(): Promise<Start> {
  const { by, id } = await startedConsultation();
  await by.api.ok(`POST /v1/consultations/${id}:complete`, { body: { notes: "All well." } });
  const { id: prescriptionId } = await by.api.ok(`POST /v1/consultations/${id}/prescriptions`, {
    key: true,
    body: { content: "Rest." },
  });
  return { by, id: prescriptionId };
}

async function license(): Promise<Start> {
  const { licenses } = await claim(await signUp(api, "DOCTOR"));
  return { by: admin, id: (licenses as Json[])[0]!.id };
}

async function verifiedLicense(): Promise<Start> {
  const start = await license();
  await admin.api.ok(`POST /v1/admin/licenses/${start.id}:verify`);
  return start;
}

const STARTS: Record<string, () => Promise<Start>> = {
  CancelBooking: async () => {
    const { patient, booked } = await appointment();
    return { by: patient, id: booked.id };
  },
  CloseBooking: pastBooking,
  AbandonConsultation: startedConsultation,
  CancelPrescription: prescription,
  StopPrescription: prescription,
  RejectLicense: license,
  RevokeLicense: verifiedLicense,
};

/** Methods of the form of `:cancel` that record a reason, with their paths. */
const transitions = [...methods.values()]
  .filter(({ desc }) => hasOption(desc, http))
  .map(({ desc, name, input }) => ({ name, input, path: String(getOption(desc, http).pattern.value) }))
  .filter(({ input, path }) => input.field.reason && /\}:\w+$/.test(path));

test("this file tests every transition with a reason", () => {
  expect(transitions.map(({ name }) => name).sort()).toEqual(Object.keys(STARTS).sort());
});

describe.each(transitions)("$name", ({ name, path }) => {
  test("repeated for the same reason answers the same, for another reason 409", async () => {
    const { by, id, body } = await STARTS[name]!();
    const send = (reason: string) =>
      by.api.send(`POST ${path.replace(/\{\w+\}/, String(id))}`, { body: { ...body, reason } });
    const first = await send("A mistake in the calendar");
    expect({ status: first.status, text: first.text }).toEqual({ status: 200, text: first.text });
    const again = await send("A mistake in the calendar");
    expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: first.body });
    const { status, body: refused } = await send("A mistake in the records");
    expect(status).toBe(409);
    expect(["ILLEGAL_TRANSITION", "BOOKING_CLOSED"]).toContain(refused.reason);
  });
});
