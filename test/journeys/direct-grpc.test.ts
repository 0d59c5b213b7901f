import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, PASSWORD, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { type Credential, Grpc, type Reply, type ServiceName } from "../support/grpc.ts";
import { DAY_MS, openPractice, timeFromNow } from "../support/practice.ts";
import { serviceToken } from "../support/service-token.ts";
import { sharedStack } from "../support/stack.ts";

const NOTES = "Directly to the point.";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const clients = Object.fromEntries(
  Object.entries(stack.addresses).map(([name, address]) => [name, new Grpc(address)]),
) as Record<ServiceName, Grpc>;
afterAll(() => {
  for (const client of Object.values(clients)) client.close();
});

/** @param rpc service and method without the package, such as "BookingService/GetBooking" */
const call = (service: ServiceName, rpc: string, request: Json, sent?: Credential): Promise<Reply> =>
  clients[service].call(`${service}.v1.${rpc}`, request, sent);

const refusal = ({ name, reason }: Reply) => ({ name, reason });
const timestamp = (text: string) => ({ seconds: `${Math.floor(Date.parse(text) / 1000)}` });

let doctor: Account;
let patient: Account;
let admin: Account;

beforeAll(async () => {
  [doctor, patient, admin] = await Promise.all([
    openPractice(api),
    signUp(api, "PATIENT"),
    signUpAdmin(api, stack),
  ]);
});

/** Creates a slot and books it, both directly over gRPC. */
async function bookDirectly(startsInMs: number, key = randomUUID()): Promise<Reply> {
  const { startTime, endTime } = timeFromNow(startsInMs);
  const slot = await call(
    "scheduling",
    "SlotService/CreateSlot",
    { doctorId: doctor.id, startTime: timestamp(startTime), endTime: timestamp(endTime) },
    doctor,
  );
  expect(slot.name).toBe("OK");
  const request = { slotId: slot.body.id, reason: "A cough", idempotencyKey: key };
  return await call("scheduling", "BookingService/CreateBooking", request, patient);
}

test("an account can be created and signed in without the gateway", async () => {
  const email = `${randomUUID()}@example.org`;
  const account = { email, password: PASSWORD, fullName: "Gwen", role: "PATIENT" };
  const made = await call("auth", "AuthService/Register", account);
  expect(made.body).toMatchObject({ email, role: "PATIENT", status: "ACTIVE" });
  const { body } = await call("auth", "AuthService/Login", { email, password: PASSWORD });
  const me = await call(
    "auth",
    "UserService/GetMe",
    {},
    { token: String((body.tokens as Json).accessToken) },
  );
  expect(me.body.id).toBe(made.body.id);
});

test("a consultation runs from booking to prescription, and the gateway shows the same", async () => {
  const booking = await bookDirectly(8 * 60_000);
  expect(booking.body).toMatchObject({ status: "CONFIRMED", patientId: patient.id });
  const { id, consultationId } = booking.body;
  const step = (rpc: string, more: Json = {}, by: Credential = doctor) =>
    call("clinical", `ConsultationService/${rpc}`, { consultationId, ...more }, by);
  expect((await step("ReadyConsultation")).body.status).toBe("SCHEDULED");
  const alone = await step("StartConsultation");
  expect(alone).toMatchObject({ name: "FAILED_PRECONDITION", reason: "PATIENT_NOT_JOINED" });
  expect((await step("JoinConsultation", {}, patient)).body.status).toBe("WAITING");
  expect((await step("StartConsultation")).body.status).toBe("IN_PROGRESS");
  expect((await step("CompleteConsultation", { notes: NOTES })).body.status).toBe("COMPLETED");
  const prescription = { consultationId, content: "Rest.", idempotencyKey: randomUUID() };
  const made = await call("clinical", "PrescriptionService/CreatePrescription", prescription, doctor);
  expect(made.body).toMatchObject({ status: "ACTIVE", patientId: patient.id });

  const end = { prescriptionId: made.body.id, reason: "The wrong dose" };
  const ended = await call("clinical", "PrescriptionService/CancelPrescription", end, doctor);
  expect(ended.body).toMatchObject({ status: "CANCELLED", endReason: "The wrong dose" });

  expect(await patient.client.getBooking({ bookingId: String(id) })).toMatchObject({ id, consultationId });
  expect(await patient.client.getPrescription({ prescriptionId: String(made.body.id) })).toMatchObject({
    content: "Rest.",
  });
});

test("a key is the same over gRPC and the gateway", async () => {
  const key = randomUUID();
  const first = await bookDirectly(2 * DAY_MS, key);
  const body = { slotId: first.body.slotId, reason: "A cough" };
  const replayed = await patient.api.send("POST /v1/bookings", { key, body });
  expect(replayed.status).toBe(201);
  expect(replayed.headers.get("idempotent-replayed")).toBe("true");
  expect(replayed.body.id).toBe(first.body.id);
  const direct = await call(
    "scheduling",
    "BookingService/CreateBooking",
    { ...body, idempotencyKey: key },
    patient,
  );
  expect(direct.trailer.get("idempotent-replayed")).toEqual(["true"]);
  const other = { ...body, reason: "A cold", idempotencyKey: key };
  expect(refusal(await call("scheduling", "BookingService/CreateBooking", other, patient))).toEqual({
    name: "FAILED_PRECONDITION",
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
});

describe("a gRPC call gets the same refusal as through the gateway:", () => {
  test.each<[string, () => Promise<Credential>]>([
    ["without a token", async () => ({})],
    ["with something that is none", async () => ({ token: "not.a.token" })],
    ["with a token that was changed", async () => ({ token: changed(patient.token) })],
    ["with an unsigned token", async () => ({ token: unsigned(patient.token) })],
    ["with a refresh token", async () => ({ token: patient.refreshToken })],
    ["with a service's token", async () => ({ token: await serviceToken("billing", "scheduling") })],
    [
      "with headers that claim an identity",
      async () => ({ headers: { "x-user-id": patient.id, "x-user-role": "ADMIN" } }),
    ],
  ])("%s (UNAUTHENTICATED)", async (_how, credential) => {
    const reply = await call("scheduling", "BookingService/ListBookings", {}, await credential());
    expect(refusal(reply)).toEqual({ name: "UNAUTHENTICATED", reason: "UNAUTHENTICATED" });
  });

  test.each<[string, ServiceName, string, () => Credential]>([
    ["a doctor books", "scheduling", "BookingService/CreateBooking", () => doctor],
    ["a patient offers times", "scheduling", "SlotService/CreateSlot", () => patient],
    ["a patient prescribes", "clinical", "PrescriptionService/CreatePrescription", () => patient],
    ["an admin begins consultations", "clinical", "ConsultationService/StartConsultation", () => admin],
    ["a doctor reads payments", "billing", "PaymentService/ListPayments", () => doctor],
    ["a patient lists users", "auth", "UserService/ListUsers", () => patient],
    ["a doctor reads figures", "billing", "PaymentService/GetPaymentStats", () => doctor],
  ])("%s (PERMISSION_DENIED, before its fields are looked at)", async (_what, service, rpc, caller) => {
    expect(refusal(await call(service, rpc, {}, caller()))).toEqual({
      name: "PERMISSION_DENIED",
      reason: "PERMISSION_DENIED",
    });
  });

  test("another user's booking and consultation look missing (NOT_FOUND)", async () => {
    const { body } = await bookDirectly(3 * DAY_MS);
    const stranger = await signUp(api, "PATIENT");
    const read = (id: unknown) => [
      call("scheduling", "BookingService/GetBooking", { bookingId: id }, stranger),
      call("scheduling", "BookingService/CancelBooking", { bookingId: id }, stranger),
      call("clinical", "ConsultationService/GetConsultation", { consultationId: id }, stranger),
    ];
    for (const id of [body.id, body.consultationId, randomUUID()]) {
      for (const reply of await Promise.all(read(id))) {
        expect(refusal(reply)).toEqual({ name: "NOT_FOUND", reason: "NOT_FOUND" });
      }
    }
  });

  test("another doctor's slots (PERMISSION_DENIED, NOT_OWNER)", async () => {
    const { startTime, endTime } = timeFromNow(DAY_MS);
    const request = {
      doctorId: (await openPractice(api)).id,
      startTime: timestamp(startTime),
      endTime: timestamp(endTime),
    };
    expect(refusal(await call("scheduling", "SlotService/CreateSlot", request, doctor))).toEqual({
      name: "PERMISSION_DENIED",
      reason: "NOT_OWNER",
    });
  });

  test("invalid fields, each of which is named (INVALID_ARGUMENT)", async () => {
    const request = { slotId: "7", reason: "x".repeat(2001), idempotencyKey: "k" };
    const reply = await call("scheduling", "BookingService/CreateBooking", request, patient);
    expect(refusal(reply)).toEqual({ name: "INVALID_ARGUMENT", reason: "INVALID_REQUEST" });
    expect(reply.violations.map(({ field }) => field).toSorted()).toEqual(["reason", "slot_id"]);
  });

  test("a missing idempotency key (INVALID_ARGUMENT)", async () => {
    const request = { slotId: randomUUID() };
    expect(refusal(await call("scheduling", "BookingService/CreateBooking", request, patient))).toEqual({
      name: "INVALID_ARGUMENT",
      reason: "IDEMPOTENCY_KEY_REQUIRED",
    });
  });
});

test("headers that claim an identity do not affect an authenticated caller", async () => {
  const other = await signUp(api, "PATIENT");
  const headers = {
    "x-user-id": other.id,
    "x-user-role": "ADMIN",
    "x-session-id": randomUUID(),
    "x-service": "gateway",
    "x-forwarded-user": other.id,
  };
  const me = await call("auth", "UserService/GetMe", {}, { ...patient, headers });
  expect(me.body.id).toBe(patient.id);
  expect((await call("auth", "UserService/ListUsers", {}, { ...patient, headers })).name).toBe(
    "PERMISSION_DENIED",
  );
});

test.each(Object.keys(clients) as ServiceName[])("%s has reflection only if it is set", async (name) => {
  expect((await clients[name].listServices()).code).toBe(status.UNIMPLEMENTED);
});

describe("calls between services", () => {
  const user = { fullName: "Mallory", role: "ADMIN", disabled: false };
  const event = () => ({
    id: randomUUID(),
    type: "user.created",
    aggregateId: randomUUID(),
    version: "1",
    occurTime: timestamp(new Date().toISOString()),
    user,
  });
  const deliver = (to: ServiceName, token: string): Promise<Reply> =>
    clients[to].call("events.v1.EventService/DeliverEvents", { events: [event()] }, { token });
  const revocations = (token: string) => call("auth", "KeyService/ListRevocations", {}, { token });

  test.each(["patient", "doctor", "admin"])("are denied to a %s", async (who) => {
    const { token } = { patient, doctor, admin }[who]!;
    for (const reply of [await deliver("scheduling", token), await revocations(token)]) {
      expect(refusal(reply)).toEqual({ name: "UNAUTHENTICATED", reason: "UNAUTHENTICATED" });
    }
  });

  test("are accepted from a permitted service", async () => {
    expect((await revocations(await serviceToken("scheduling", "auth"))).name).toBe("OK");
    const { name, body } = await deliver("scheduling", await serviceToken("auth", "scheduling"));
    expect({ name, body }).toEqual({ name: "OK", body: { failures: [] } });
  });

  test("are denied with a token for another service, of another deployment, or expired", async () => {
    const tokens = [
      await serviceToken("auth", "clinical"),
      await serviceToken("auth", "scheduling", { key: Buffer.alloc(32, 7) }),
      await serviceToken("auth", "scheduling", { lifetimeS: -31 }),
      await serviceToken("auth", "scheduling", { type: "at+jwt" }),
    ];
    for (const token of tokens) {
      const { name } = await deliver("scheduling", token);
      expect(name).toBe("UNAUTHENTICATED");
    }
  });

  test("are denied to a service that is not permitted", async () => {
    expect((await revocations(await serviceToken("mallory", "auth"))).name).toBe("PERMISSION_DENIED");
  });

  test("an event from a service that does not own it is not applied", async () => {
    const reply = await deliver("scheduling", await serviceToken("billing", "scheduling"));
    expect(refusal(reply)).toEqual({ name: "PERMISSION_DENIED", reason: "PERMISSION_DENIED" });
  });
});

/** Returns the token with the role ADMIN, but with its original signature. */
function changed(token: string): string {
  const [header, payload, signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload!, "base64url").toString());
  return [header, encode({ ...claims, role: "ADMIN" }), signature].join(".");
}

/** The token with "alg": "none", and without a signature (RFC 8725 §2.1). */
function unsigned(token: string): string {
  const [header, payload] = token.split(".");
  const { typ } = JSON.parse(Buffer.from(header!, "base64url").toString());
  return `${encode({ alg: "none", typ })}.${payload}.`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
