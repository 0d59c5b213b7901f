import { randomUUID } from "node:crypto";
import { getOption, hasOption } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Method, methods } from "@medconnect/platform/contract/methods.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { MethodRules_Idempotency as Idempotency } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { ServiceName } from "@medconnect/topology/services.ts";
import { exportJWK, generateKeyPair } from "jose";
import { type Connection, createConnection } from "mysql2/promise";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { verifyLicense } from "../support/licensing.ts";
import { begin, book, claim, HOUR_MS, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { makeServiceAccount } from "../support/service-account.ts";
import { sharedSecrets, sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
let database: Connection;
let admin: Account;

beforeAll(async () => {
  database = await createConnection({ uri: stack.urls.mysql });
  admin = await signUpAdmin(api, stack);
});
afterAll(() => database.end());

/** A transition to test: the account that makes the call, the id of the object, and the request body. */
interface Start {
  by: Account;
  id: unknown;
  body?: Json;
}

async function appointment() {
  const [doctor, patient] = await Promise.all([openPractice(api), signUp(api, "PATIENT")]);
  const booked = await book(patient, await offer(doctor, SOON_MS));
  await eventually(
    () => patient.api.send(`GET /v1/consultations/${booked.consultationId}`),
    ({ status }) => status === 200,
  );
  return { doctor, patient, booked };
}

async function openConsultation(): Promise<Start> {
  const { doctor, booked } = await appointment();
  return { by: doctor, id: booked.consultationId };
}

/** Creates a consultation whose doctor did not come. */
async function missedConsultation(): Promise<Start> {
  const start = await openConsultation();
  const sql = `UPDATE medconnect_clinical.consultations SET start_time = start_time - INTERVAL 25 MINUTE,
    end_time = end_time - INTERVAL 25 MINUTE WHERE id = ?`;
  await database.query(sql, [binaryId(String(start.id))]);
  return { ...start, body: { party: "DOCTOR" } };
}

/** Creates a booking that the doctor has rescheduled, and whose new time the patient has not accepted. */
async function movedBooking(): Promise<Start> {
  const { doctor, patient, booked } = await appointment();
  const slotId = await offer(doctor, 2 * HOUR_MS);
  const { startTime, endTime } = await doctor.api.ok(`POST /v1/bookings/${booked.id}:reschedule`, {
    body: { slotId },
  });
  return { by: patient, id: booked.id, body: { startTime, endTime } };
}

async function slot(): Promise<Start> {
  const doctor = await openPractice(api);
  return { by: doctor, id: await offer(doctor, HOUR_MS) };
}

const user = async (): Promise<Start> => ({ by: admin, id: (await signUp(api, "PATIENT")).id });

const serviceAccount = async (): Promise<Start> => ({ by: admin, id: (await makeServiceAccount(admin)).id });

async function grant(): Promise<Start> {
  const { id: patientId } = await signUp(api, "PATIENT");
  const body = { patientId, reason: "Unconscious in the emergency department" };
  const { id } = await admin.api.ok("POST /v1/admin/break-glass", { body });
  return { by: admin, id };
}

/** Makes another transition of the object first. The tested transition requires it. */
const after = async (start: Start, transition: string): Promise<Start> => {
  await start.by.api.ok(transition.replace("{id}", String(start.id)));
  return start;
};

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

async function license() {
  const doctor = await signUp(api, "DOCTOR");
  const { licenses } = await claim(doctor);
  return { by: admin, id: String((licenses as Json[])[0]!.id), body: { doctorName: doctor.fullName } };
}

async function pendingLicense(): Promise<Start> {
  const { by, id } = await license();
  return { by, id };
}

async function verifiedLicense(): Promise<Start> {
  const { by, id, body } = await license();
  await verifyLicense(stack.urls.gateway, id, body.doctorName);
  return { by, id };
}

const STARTS: Record<string, () => Promise<Start>> = {
  CancelBooking: async () => {
    const { patient, booked } = await appointment();
    return { by: patient, id: booked.id };
  },
  RescheduleBooking: async () => {
    const { doctor, booked } = await appointment();
    return { by: doctor, id: booked.id, body: { slotId: await offer(doctor, 2 * HOUR_MS) } };
  },
  AcceptMove: movedBooking,
  CloseBooking: pastBooking,
  BlockSlot: slot,
  UnblockSlot: async () => after(await slot(), "POST /v1/slots/{id}:block"),
  WithdrawSlot: slot,
  JoinConsultation: async () => {
    const { patient, booked } = await appointment();
    return { by: patient, id: booked.consultationId };
  },
  ReadyConsultation: openConsultation,
  StartConsultation: async () => {
    const { doctor, patient, booked } = await appointment();
    await patient.api.ok(`POST /v1/consultations/${booked.consultationId}:join`);
    return { by: doctor, id: booked.consultationId };
  },
  CompleteConsultation: async () => ({ ...(await startedConsultation()), body: { notes: "All well." } }),
  MarkConsultationNoShow: missedConsultation,
  AbandonConsultation: startedConsultation,
  CancelPrescription: prescription,
  StopPrescription: prescription,
  VerifyLicense: license,
  RejectLicense: pendingLicense,
  RevokeLicense: verifiedLicense,
  DisableUser: user,
  EnableUser: async () => after(await user(), "POST /v1/admin/users/{id}:disable"),
  ResetMfa: user,
  DisableServiceAccount: serviceAccount,
  EnableServiceAccount: async () =>
    after(await serviceAccount(), "POST /v1/admin/service-accounts/{id}:disable"),
  SetServiceAccountKeys: async () => {
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    const key = { ...(await exportJWK(publicKey)), kid: "a" };
    return { ...(await serviceAccount()), body: { jwks: { keys: [key] } } };
  },
  RevokeBreakGlassGrant: grant,
};

/**
 * Methods whose path ends with a verb, such as `:cancel`. Leaves out those of payments, for which each call
 * needs a new idempotency key, and those with an empty response, whose objects end soon after the call.
 */
const transitions = [...methods.values()]
  .filter(({ desc, rules }) => hasOption(desc, http) && rules.idempotency === Idempotency.ACCEPTED)
  .map((method) => ({ ...method, http: String(getOption(method.desc, http).pattern.value) }))
  .filter(({ http }) => /\}:\w+$/.test(http) && !http.includes(":batchCreate"))
  .filter(({ output }) => output.fields.length > 0);

test("this file tests every transition", () => {
  expect(transitions.map(({ name }) => name).sort()).toEqual(Object.keys(STARTS).sort());
});

/**
 * Returns the size in bytes of the response that a service stores for an idempotency key. Null if the service
 * stores no response.
 */
async function keptBytes({ owner, path }: Method, by: Account, key: string): Promise<number | null> {
  const url = `${stack.urls.mysql}/medconnect_${owner}`;
  const db = new Database({ url, poolSize: 1, timeoutMs: 10_000 });
  const dataKey = Buffer.from(sharedSecrets().dataKeys[owner as ServiceName], "base64");
  const hash = await openKeyedHash(db, new FieldCipher(dataKey));
  const sql = "SELECT LENGTH(answer) AS bytes FROM idempotency_keys WHERE id = ?";
  const rows = await db.read<{ bytes: number | null }>(sql, [hash.of(by.id, path, key)]);
  await db.close();
  expect(rows).toHaveLength(1);
  return rows[0]!.bytes;
}

describe.each(transitions)("$name", (method) => {
  const { name, http, input } = method;

  test("repeated with another key gets the same response, which is not stored", async () => {
    const { by, id, body } = await STARTS[name]!();
    const send = (key: string) =>
      by.api.send(`POST ${http.replace(/\{\w+\}/, String(id))}`, {
        key,
        body: { ...body, ...(input.field.reason && { reason: "A mistake in the calendar" }) },
      });
    const first = await send(randomUUID());
    expect({ status: first.status, text: first.text }).toEqual({ status: 200, text: first.text });
    const key = randomUUID();
    const again = await send(key);
    expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: first.body });
    expect(await keptBytes(method, by, key)).toBeNull();
    const repeat = await send(key);
    expect({ status: repeat.status, body: repeat.body }).toEqual({ status: 200, body: first.body });
  });
});

const withReason = transitions.filter(({ input }) => input.field.reason);

describe.each(withReason)("$name", ({ name, http }) => {
  test("repeated with the same reason gets the same response, with another reason 409", async () => {
    const { by, id, body } = await STARTS[name]!();
    const send = (reason: string) =>
      by.api.send(`POST ${http.replace(/\{\w+\}/, String(id))}`, { body: { ...body, reason } });
    const first = await send("A mistake in the calendar");
    expect({ status: first.status, text: first.text }).toEqual({ status: 200, text: first.text });
    const again = await send("A mistake in the calendar");
    expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: first.body });
    const { status, body: refused } = await send("A mistake in the records");
    expect(status).toBe(409);
    expect(["ILLEGAL_TRANSITION", "BOOKING_CLOSED"]).toContain(refused.reason);
  });
});
