import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, logIn, PASSWORD, signUp, signUpAdmin } from "../support/accounts.ts";
import { type Answer, Api, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc } from "../support/grpc.ts";
import { book, DAY_MS, FEE, offer, openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

/** Time within which the access token of an ended session must be refused. The API promises this limit. */
const REVOKED_WITHIN_MS = 5000;

const stack = sharedStack();
const api = new Api(stack.urls.gateway);

const refresh = (refreshToken: string, key?: string): Promise<Answer> =>
  api.send("POST /v1/auth/token:refresh", { body: { refreshToken }, ...(key !== undefined && { key }) });

describe("a refresh token", () => {
  test("is exchanged for new tokens, which are valid", async () => {
    const { refreshToken, id } = await signUp(api, "PATIENT");
    const { status, body } = await refresh(refreshToken);
    expect(status).toBe(200);
    expect(body.refreshToken).not.toBe(refreshToken);
    expect(await api.as(String(body.accessToken)).client.getMe()).toMatchObject({ id });
    expect((await refresh(String(body.refreshToken))).status).toBe(200);
  });

  test("used twice ends the session, including its successor", async () => {
    const { refreshToken } = await signUp(api, "PATIENT");
    const { body } = await refresh(refreshToken);
    expect(refusal(await refresh(refreshToken))).toEqual({ status: 401, reason: "INVALID_REFRESH_TOKEN" });
    expect(refusal(await refresh(String(body.refreshToken)))).toEqual({
      status: 401,
      reason: "INVALID_REFRESH_TOKEN",
    });
    const own = api.as(String(body.accessToken));
    await eventually(
      () => own.send("GET /v1/users/me"),
      ({ status }) => status === 401,
      REVOKED_WITHIN_MS,
    );
  });

  test("used 50 times at once is exchanged once", async () => {
    const { refreshToken } = await signUp(api, "PATIENT");
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(refreshToken)));
    const outcomes = answers.map(({ status, body }) => `${status} ${body.reason ?? ""}`).sort();
    expect(outcomes).toEqual(["200 ", ...Array.from({ length: 49 }, () => "401 INVALID_REFRESH_TOKEN")]);
  });

  test("can be sent again under the same key after a lost response, for the same successor", async () => {
    const { refreshToken } = await signUp(api, "PATIENT");
    const key = randomUUID();
    const first = await refresh(refreshToken, key);
    const again = await refresh(refreshToken, key);
    expect(again.status).toBe(200);
    expect(again.body.refreshToken).toBe(first.body.refreshToken);
  });
});

describe("a session that has ended", () => {
  const services = [
    ["auth", "auth.v1.UserService/GetMe"],
    ["scheduling", "scheduling.v1.BookingService/ListBookings"],
    ["clinical", "clinical.v1.ConsultationService/ListConsultations"],
    ["billing", "billing.v1.PaymentService/ListPayments"],
  ] as const;
  const clients = new Map(services.map(([name]) => [name, new Grpc(stack.addresses[name])]));
  afterAll(() => {
    for (const client of clients.values()) client.close();
  });

  test("by logout is refused by every service within 5 s, over HTTP and gRPC", async () => {
    const patient = await signUp(api, "PATIENT");
    const { token } = patient;
    const direct = () =>
      Promise.all(services.map(([name, rpc]) => clients.get(name)!.call(rpc, {}, { token })));
    expect((await direct()).map(({ name }) => name)).toEqual(["OK", "OK", "OK", "OK"]);

    const { status, text } = await patient.api.send("POST /v1/auth/logout");
    expect({ status, text }).toEqual({ status: 204, text: "" });
    await eventually(
      async () => [
        ...(await direct()).map(({ name }) => name),
        (await patient.api.send("GET /v1/bookings")).body.reason,
      ],
      (refusals) => refusals.every((name) => name === "UNAUTHENTICATED"),
      REVOKED_WITHIN_MS,
    );
    expect((await refresh(patient.refreshToken)).status).toBe(401);
  });

  test("leaves the account's other sessions unaffected", async () => {
    const here = await signUp(api, "PATIENT");
    const there = await logIn(api, here);
    await here.client.logout();
    await eventually(
      () => here.api.send("GET /v1/users/me"),
      ({ status }) => status === 401,
      REVOKED_WITHIN_MS,
    );
    expect((await there.api.send("GET /v1/users/me")).status).toBe(200);
  });
});

describe("an account that an admin disables", () => {
  let admin: Account;
  beforeAll(async () => {
    admin = await signUpAdmin(api, stack);
  });
  const disable = ({ id }: Account) => admin.client.disableUser({ userId: id });

  test("is signed out within 5 s, and cannot sign in or refresh until it is enabled", async () => {
    const patient = await signUp(api, "PATIENT");
    expect(await disable(patient)).toMatchObject({ id: patient.id, status: "DISABLED" });
    await eventually(
      () => patient.api.send("GET /v1/users/me"),
      ({ status }) => status === 401,
      REVOKED_WITHIN_MS,
    );
    expect((await refresh(patient.refreshToken)).status).toBe(401);

    const { email } = patient;
    const login = (password: string) => api.send("POST /v1/auth/login", { body: { email, password } });
    const [right, wrong] = [await login(PASSWORD), await login("another passphrase")];
    expect(refusal(right)).toEqual({ status: 401, reason: "INVALID_CREDENTIALS" });
    expect({ ...right.body, requestId: "" }).toEqual({ ...wrong.body, requestId: "" });

    await admin.client.enableUser({ userId: patient.id });
    expect((await login(PASSWORD)).status).toBe(200);
  });

  test("of a doctor loses its profile, open slots and bookings, whose fees are released", async () => {
    const doctor = await openPractice(api, { fee: FEE });
    const patient = await signUp(api, "PATIENT");
    const booked = await book(patient, await offer(doctor, 2 * DAY_MS));
    const openSlot = await offer(doctor, 3 * DAY_MS);
    const body = { paymentMethod: "pm_card_visa" };
    await patient.client.authorizePayment({ paymentId: booked.paymentId, ...body });

    await disable(doctor);
    const gone = (path: string) =>
      eventually(
        () => api.send(`GET ${path}`),
        ({ status }) => status === 404,
        REVOKED_WITHIN_MS,
      );
    await gone(`/v1/doctors/${doctor.id}`);
    await gone(`/v1/slots/${openSlot}`);
    const word = doctor.fullName.split(" ")[1]!;
    expect(await api.client.searchDoctors({ query: word })).toMatchObject({ doctors: [] });
    const until = (path: string, status: string) =>
      eventually(
        () => patient.api.ok(`GET ${path}`),
        (answer) => answer.status === status,
        REVOKED_WITHIN_MS,
      );
    expect(await until(`/v1/bookings/${booked.id}`, "CANCELLED")).toMatchObject({ cancelledBy: "ADMIN" });
    await until(`/v1/payments/${booked.paymentId}`, "VOIDED");
  });

  test("of a patient frees the booked slots", async () => {
    const doctor = await openPractice(api);
    const patient = await signUp(api, "PATIENT");
    const slotId = await offer(doctor, 2 * DAY_MS);
    await book(patient, slotId);
    await disable(patient);
    await eventually(
      () => api.send(`GET /v1/slots/${slotId}`),
      ({ body }) => body.status === "OPEN",
      REVOKED_WITHIN_MS,
    );
  });

  test("is never the admin's own", async () => {
    const own = await admin.api.send(`POST /v1/admin/users/${admin.id}:disable`);
    expect(refusal(own)).toEqual({ status: 409, reason: "CANNOT_CHANGE_SELF" });
  });
});
