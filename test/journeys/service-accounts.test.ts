import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc, type ServiceName } from "../support/grpc.ts";
import { type Booked, book, DAY_MS, FEE, offer, openPractice } from "../support/practice.ts";
import { makeServiceAccount, type ServiceAccount, tokenOf } from "../support/service-account.ts";
import { sharedStack } from "../support/stack.ts";

/** Time within which a revoked token must be refused. The API promises this limit. */
const REVOKED_WITHIN_MS = 5000;
/** Maximum time to create three accounts, one of them with a command. Only a busy machine needs that long. */
const MADE_WITHIN_MS = 240_000;

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const clients = Object.fromEntries(
  Object.entries(stack.addresses).map(([name, address]) => [name, new Grpc(address)]),
) as Record<ServiceName, Grpc>;
afterAll(() => {
  for (const client of Object.values(clients)) client.close();
});

let admin: Account;
let system: ServiceAccount;
let booked: Booked;
const REASON = `a cough ${randomUUID()}`;

beforeAll(async () => {
  const [doctor, patient, signedUp] = await Promise.all([
    openPractice(api, { fee: FEE }),
    signUp(api, "PATIENT"),
    signUpAdmin(api, stack),
  ]);
  admin = signedUp;
  booked = await book(patient, await offer(doctor, 3 * DAY_MS), REASON);
  system = await makeServiceAccount(admin);
}, MADE_WITHIN_MS);

const direct = (service: ServiceName, rpc: string, token: string, request = {}) =>
  clients[service].call(`${service}.v1.${rpc}`, request, { token });

/** Parameters of a token request of the system, with changes. */
const form = (more: Record<string, string>) =>
  new URLSearchParams({
    grant_type: "client_credentials",
    client_id: system.id,
    client_secret: system.secret,
    ...more,
  });

describe("an internal system", () => {
  test("exchanges its secret for a token with its scopes, or with some of them", async () => {
    const { body } = await api.send("POST /v1/auth/token", {
      body: form({ scope: "billing.payments.read" }),
    });
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: "Bearer",
      expires_in: 300,
      scope: "billing.payments.read",
    });
    const all = await api.ok("POST /v1/auth/token", { body: form({}) });
    expect(String(all.scope).split(" ")).toContain("scheduling.bookings.read");
  });

  test("gets the same refusal for a wrong secret and an unknown id, and another for missing scopes", async () => {
    const ask = async (more: Record<string, string>) =>
      refusal(await api.send("POST /v1/auth/token", { body: form(more) }));
    const invalidClient = { status: 401, reason: "INVALID_CLIENT" };
    expect(await ask({ client_secret: "wrong" })).toEqual(invalidClient);
    expect(await ask({ client_id: randomUUID() })).toEqual(invalidClient);
    expect(await ask({ scope: "clinical.notes.read" })).toEqual({ status: 400, reason: "INVALID_SCOPE" });
    expect(await ask({ grant_type: "password" })).toEqual({ status: 400, reason: "UNSUPPORTED_GRANT_TYPE" });
    expect(await ask({ client_assertion: "a.b.c" })).toEqual({ status: 400, reason: "INVALID_REQUEST" });
  });

  test("reads what its scopes allow of all users, without clinical texts, over gRPC and the gateway", async () => {
    const token = await system.token();
    const booking = await direct("scheduling", "BookingService/GetBooking", token, {
      bookingId: booked.id,
    });
    expect(booking.body).toMatchObject({ id: booked.id, reason: "" });
    const payment = await direct("billing", "PaymentService/GetPayment", token, {
      paymentId: booked.paymentId,
    });
    expect(payment.body).toMatchObject({ bookingId: booked.id });

    const own = api.as(token);
    const list = await own.send("GET /v1/bookings?pageSize=100");
    expect(list.status).toBe(200);
    expect(list.text).not.toContain(REASON);
    expect(await own.ok(`GET /v1/payments/${booked.paymentId}`)).toMatchObject({ bookingId: booked.id });
    expect(await own.ok("GET /v1/admin/stats")).toMatchObject({ unavailable: [] });
    expect((await own.send("GET /v1/admin/audit-events")).status).toBe(200);
    expect((await own.send("GET /v1/doctors")).status).toBe(200);
  });

  test("is refused without a scope, for users' own resources, and for clinical data", async () => {
    const token = await system.token((scope) => scope === "billing.payments.read");
    const calls: [ServiceName, string][] = [
      ["scheduling", "BookingService/ListBookings"],
      ["scheduling", "BookingService/CreateBooking"],
      ["auth", "UserService/GetMe"],
      ["auth", "UserService/ListUsers"],
      ["auth", "AuthService/Logout"],
      ["clinical", "ConsultationService/ListConsultations"],
      ["clinical", "PrescriptionService/ListPrescriptions"],
      ["billing", "PaymentService/AuthorizePayment"],
    ];
    for (const [service, rpc] of calls) {
      const { name, reason } = await direct(service, rpc, token);
      expect([rpc, name, reason]).toEqual([rpc, "PERMISSION_DENIED", "PERMISSION_DENIED"]);
    }
    const forbidden = { status: 403, reason: "PERMISSION_DENIED" };
    for (const route of ["/v1/bookings", "/v1/users/me", "/v1/admin/users", "/v1/admin/service-accounts"]) {
      expect(refusal(await api.as(token).send(`GET ${route}`))).toEqual(forbidden);
    }
  });

  test("is named in the audit trail", async () => {
    await direct("scheduling", "BookingService/GetBooking", await system.token(), { bookingId: booked.id });
    const { auditEvents } = await admin.api.ok(
      `GET /v1/admin/audit-events?actorId=service-account:${system.id}&pageSize=100`,
    );
    const actions = (auditEvents as { action: string }[]).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(["client.issue_token", "booking.get"]));
  });
});

describe("an admin", () => {
  const path = (id: string) => `/v1/admin/service-accounts/${id}`;

  test("lists accounts without their secrets", async () => {
    expect(await admin.api.ok(`GET ${path(system.id)}`)).toMatchObject({ id: system.id, status: "ACTIVE" });
    const pages: string[] = [];
    let pageToken = "";
    do {
      const query = new URLSearchParams({ pageSize: "100", pageToken });
      const { text, body } = await admin.api.send(`GET /v1/admin/service-accounts?${query}`);
      pages.push(text);
      pageToken = String(body.nextPageToken ?? "");
    } while (pageToken !== "");
    expect(pages.join()).toContain(system.id);
    expect(pages.join()).not.toContain("clientSecret");
  });

  test("gets a refusal for a taken name, an unknown scope and an unknown account", async () => {
    const make = async (name: string, scope: string) =>
      await admin.api.send("POST /v1/admin/service-accounts", { body: { name, scopes: [scope] } });
    const { name } = await admin.api.ok(`GET ${path(system.id)}`);
    expect(refusal(await make(String(name), "admin.stats.read"))).toEqual({
      status: 409,
      reason: "NAME_TAKEN",
    });
    const unknown = await make(randomUUID(), "admin.everything");
    expect(refusal(unknown)).toEqual({ status: 400, reason: "INVALID_REQUEST" });
    expect(unknown.text).toContain("scheduling.bookings.read");
    expect((await admin.api.send(`POST ${path(randomUUID())}:disable`)).status).toBe(404);
  });

  /** Calls each service and the gateway with a token. @returns the reason of each refusal, or OK */
  async function answersTo(token: string): Promise<(string | undefined)[]> {
    const replies = await Promise.all([
      direct("auth", "UserService/GetUserStats", token),
      direct("scheduling", "BookingService/ListBookings", token),
      direct("clinical", "ConsultationService/GetConsultationStats", token),
      direct("billing", "PaymentService/ListPayments", token),
    ]);
    const { status } = await api.as(token).send("GET /v1/payments");
    return [...replies.map(({ name }) => name), String(status)];
  }
  const ALL_OK = ["OK", "OK", "OK", "OK", "200"];
  const untilRefused = (token: string) =>
    eventually(
      () => answersTo(token),
      (answers) => answers.every((answer) => answer === "UNAUTHENTICATED" || answer === "401"),
      REVOKED_WITHIN_MS,
    );

  test("disables an account: its tokens end everywhere within 5 s, until it is enabled and gets new ones", async () => {
    const { id, secret, token } = await makeServiceAccount(admin);
    const old = await token();
    expect(await answersTo(old)).toEqual(ALL_OK);
    expect(await admin.api.ok(`POST ${path(id)}:disable`)).toMatchObject({ status: "DISABLED" });
    await untilRefused(old);
    await expect(tokenOf(api, id, secret)).rejects.toThrow(/INVALID_CLIENT/);

    expect(await admin.api.ok(`POST ${path(id)}:enable`)).toMatchObject({ status: "ACTIVE" });
    expect(await answersTo(await tokenOf(api, id, secret))).toEqual(ALL_OK);
    expect((await answersTo(old))[0]).toBe("UNAUTHENTICATED");
  });

  test("rotates a secret: both are valid for the grace period, then the old one and its tokens end", async () => {
    const { id, secret, token } = await makeServiceAccount(admin);
    const old = await token();
    const rotate = (gracePeriod: string) =>
      admin.api.ok(`POST ${path(id)}:rotateSecret`, { body: { gracePeriod } });
    const { clientSecret: second } = await rotate("3600s");
    for (const each of [secret, String(second)])
      expect(await answersTo(await tokenOf(api, id, each))).toEqual(ALL_OK);

    const { clientSecret: third } = await rotate("0s");
    await untilRefused(old);
    for (const each of [secret, String(second)])
      await expect(tokenOf(api, id, each)).rejects.toThrow(/INVALID_CLIENT/);
    expect(await answersTo(await tokenOf(api, id, String(third)))).toEqual(ALL_OK);
  });
});
