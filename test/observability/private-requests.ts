import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { type Account, mfaTokenOf, signUp, signUpAdmin } from "../support/accounts.ts";
import { type Answer, Api } from "../support/api.ts";
import { Authenticator } from "../support/authenticator.ts";
import { eventually } from "../support/eventually.ts";
import { tokenOf as linkTokenOf, mailsTo } from "../support/mails.ts";
import { type OwnStack, START_TIMEOUT_MS } from "../support/own-stack.ts";
import { begin, DAY_MS, FEE, HOUR_MS, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { makeServiceAccount } from "../support/service-account.ts";

/** Private values that must not appear in any trace or log, or in the stores that the tests check. */
export const CANARIES = {
  password: "canary-PASSWORD-4711",
  changedPassword: "canary-CHANGED-4719",
  resetPassword: "canary-RESET-4720",
  reason: "canary-REASON-4712",
  cancelReason: "canary-CANCEL-4713",
  notes: "canary-NOTES-4714",
  addendum: "canary-ADDENDUM-4723",
  content: "canary-CONTENT-4715",
  abandonReason: "canary-ABANDON-4716",
  endReason: "canary-END-4725",
  closeReason: "canary-CLOSE-4726",
  paymentMethod: "canary-METHOD-4717",
  idempotencyKey: "canary-KEY-4718",
  refundReason: "canary-REFUND-4721",
  emergency: "canary-EMERGENCY-4722",
  userAgent: "canary-AGENT-4723",
  fullName: "Nightingale-NAME-4724",
  phone: "+4930472540724",
  dateOfBirth: "1931-12-29",
  basicSecret: "canary-BASIC-4727",
  assertion: "e30.canary-ASSERTION-4728.e30",
};

/** traceparent header of an external caller whose trace is recorded. */
export const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** Requests that contain the private values: journeys of a patient, a doctor and an admin, and refused requests. */
export class PrivateRequests {
  readonly #stack: OwnStack;
  readonly #api: Api;
  readonly doctor: Account;
  readonly patient: Account;
  /** Responses whose traces are checked. */
  readonly answers = {} as Record<"paid" | "free" | "refused" | "continued", Answer>;
  /** Values that must not leak, by name: the canaries, and secrets that the system has made. */
  readonly secrets: Record<string, string>;
  /** Bodies of the refusals. */
  refusals: string[] = [];

  private constructor(stack: OwnStack, api: Api, doctor: Account, patient: Account) {
    this.#stack = stack;
    this.#api = api;
    this.doctor = doctor;
    this.patient = patient;
    this.secrets = { ...CANARIES, ...deploymentSecrets(stack) };
  }

  /** Sends all requests. */
  static async send(stack: OwnStack): Promise<PrivateRequests> {
    const api = new Api(stack.urls.gateway);
    const [doctor, patient] = await Promise.all([openPractice(api), signUp(api, "PATIENT", CANARIES)]);
    const requests = new PrivateRequests(stack, api, doctor, patient);
    const { answers } = requests;
    answers.refused = await patient.api.send("GET /v1/admin/users");
    answers.continued = await patient.api.send("GET /v1/bookings", { headers: { traceparent: TRACEPARENT } });
    await requests.#tellAboutOneself();
    await requests.#bookAndMeet();
    await requests.#refuse();
    await requests.#signInWithSecondFactor();
    await requests.#forgetAndChangePasswords();
    await requests.#actAsAdmin();
    await requests.#registerAndVerify();
    return requests;
  }

  async #book(startsInMs: number): Promise<Answer> {
    const body = { slotId: await offer(this.doctor, startsInMs), reason: CANARIES.reason };
    return await this.patient.api.send("POST /v1/bookings", {
      key: `${CANARIES.idempotencyKey}-${startsInMs}`,
      body,
    });
  }

  async #untilFound(path: string): Promise<Answer> {
    return await eventually(
      () => this.patient.api.send(`GET ${path}`),
      ({ status }) => status === 200,
    );
  }

  async #tellAboutOneself(): Promise<void> {
    const { fullName, phone, dateOfBirth } = CANARIES;
    await this.patient.api.ok("PATCH /v1/users/me", { body: { fullName, phone, dateOfBirth } });
  }

  /** Sends the private values in valid requests, from the booking to the completed consultation. */
  async #bookAndMeet(): Promise<void> {
    this.answers.free = await this.#book(SOON_MS);
    const booking = this.answers.free.body;
    const consultation = `/v1/consultations/${booking.consultationId}`;
    await this.#untilFound(consultation);
    await begin(this.patient, this.doctor, String(booking.consultationId));
    await this.doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: CANARIES.notes } });
    await this.doctor.api.ok(`POST ${consultation}/addenda`, { body: { text: CANARIES.addendum } });
    const body = { content: CANARIES.content, items: [{ medication: CANARIES.content }] };
    const { id: prescriptionId } = await this.doctor.api.ok(`POST ${consultation}/prescriptions`, {
      key: true,
      body,
    });
    await this.doctor.api.ok(`POST /v1/prescriptions/${prescriptionId}:stop`, {
      body: { reason: CANARIES.endReason },
    });
    await this.doctor.api.ok("GET /v1/consultations");
    await this.patient.api.ok("GET /v1/prescriptions");
    const { consultationId } = (await this.#book(DAY_MS)).body;
    const abandoned = `/v1/consultations/${consultationId}`;
    await this.#untilFound(abandoned);
    await begin(this.patient, this.doctor, String(consultationId));
    await this.doctor.api.ok(`POST ${abandoned}:abandon`, { body: { reason: CANARIES.abandonReason } });
    await this.doctor.api.ok(`PATCH /v1/doctors/${this.doctor.id}`, { body: { fee: FEE } });
    this.answers.paid = await this.#book(2 * DAY_MS);
    const { id, paymentId } = this.answers.paid.body;
    await this.#untilFound(`/v1/payments/${paymentId}`);
    await this.patient.api.ok(`POST /v1/bookings/${id}:cancel`, { body: { reason: CANARIES.cancelReason } });
  }

  /** Sends the private values in requests that are refused, for invalid fields or by business rules. */
  async #refuse(): Promise<void> {
    const { reason, notes, password, paymentMethod, fullName, phone, dateOfBirth } = CANARIES;
    const { email } = this.patient;
    const anywhere = "/v1/consultations/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
    const attempts = [
      this.#api.send("POST /v1/auth/login", { body: { email, password: `${password}!` } }),
      this.#api.send("POST /v1/auth/login", { body: { email: password, password: 1 } }),
      this.#api.send("POST /v1/auth/register", {
        body: { email, password, fullName: "Twin", role: "PATIENT" },
      }),
      this.#api.send("POST /v1/auth/register", { body: { email: password, password: email, role: reason } }),
      this.#api.as(password).send("GET /v1/users/me"),
      this.patient.api.send("PATCH /v1/users/me", {
        body: { fullName: `${fullName}\n`, phone: `${phone}-` },
      }),
      this.patient.api.send("PATCH /v1/users/me", { body: { dateOfBirth: `${dateOfBirth}T00:00` } }),
      this.patient.api.send("PATCH /v1/users/me", { body: { fullName, phone, dateOfBirth, etag: "old" } }),
      this.patient.api.send(`GET /v1/admin/users?query=${fullName}`),
      this.patient.api.send("POST /v1/bookings", { key: true, body: { slotId: reason, [reason]: reason } }),
      this.patient.api.send(`GET /v1/bookings/${reason}?${reason}=${reason}`),
      this.patient.api.send(`GET /v1/doctors?query=${reason}&pageToken=${reason}`),
      this.patient.api.send(`GET /v1/${reason}`),
      this.patient.api.send("POST /v1/bookings", { headers: { "content-type": reason }, body: reason }),
      this.doctor.api.send(`POST ${anywhere}:complete`, { body: { notes } }),
      this.doctor.api.send(`POST ${anywhere}:complete`, { body: { notes: notes.repeat(2000) } }),
      this.doctor.api.send(`POST ${anywhere}/addenda`, { body: { text: CANARIES.addendum } }),
      this.doctor.api.send(`POST ${anywhere}:abandon`, { body: { reason: CANARIES.abandonReason } }),
      this.patient.api.send("POST /v1/bookings/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21:cancel", {
        body: { reason: CANARIES.cancelReason },
      }),
      this.patient.api.send("POST /v1/payments/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21:authorize", {
        key: true,
        body: { paymentMethod },
      }),
    ];
    const refused = await Promise.all(attempts);
    expect(refused.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    this.refusals = refused.map(({ text }) => text);
  }

  async #signInWithSecondFactor(): Promise<void> {
    const someone = await signUp(this.#api, "PATIENT", CANARIES);
    const { email } = someone;
    const { secret } = await someone.api.ok("POST /v1/auth/mfa/totp");
    const authenticator = new Authenticator(String(secret));
    const activated = await someone.api.ok("POST /v1/auth/mfa/totp:activate", {
      body: { code: authenticator.next() },
    });
    const [recoveryCode, unusedRecoveryCode] = activated.recoveryCodes as string[];
    const account = { email, password: CANARIES.password };
    const mfaToken = await mfaTokenOf(this.#api, account);
    const code = authenticator.next();
    const tokens = await this.#api.ok("POST /v1/auth/login:verifyMfa", {
      body: { mfaToken, code },
    });
    const renewed = await this.#api.ok("POST /v1/auth/token:refresh", {
      body: { refreshToken: tokens.refreshToken },
    });
    await this.#api.as(String(renewed.accessToken)).ok("POST /v1/auth/logout");
    const another = await mfaTokenOf(this.#api, account);
    await this.#api.ok("POST /v1/auth/login:verifyMfa", {
      body: { mfaToken: another, recoveryCode },
      headers: { "user-agent": CANARIES.userAgent },
    });
    Object.assign(this.secrets, {
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      mfaToken,
      totpSecret: authenticator.secret,
      totpCode: code,
      recoveryCode,
      unusedRecoveryCode,
      email,
    });
  }

  /**
   * Registers an account, and verifies its address with the link in the mail. This must be the last call,
   * because it changes auth's settings.
   */
  async #registerAndVerify(): Promise<void> {
    const { auth } = this.#stack.processes;
    await auth.stop();
    auth.env.EMAIL_VERIFICATION = "required";
    await auth.start();
    const { password, fullName } = CANARIES;
    const email = `verified-${randomUUID()}@example.org`;
    const body = { email, password, fullName, role: "PATIENT" };
    const registered = await eventually(
      () => this.#api.send("POST /v1/auth/register", { body }),
      ({ status }) => status < 500,
      START_TIMEOUT_MS,
    );
    expect(registered.status).toBe(202);
    const [mail] = await mailsTo(this.#stack, email, 1);
    const verifyToken = linkTokenOf(mail!);
    const wrong = await this.#api.send("POST /v1/auth/email:verify", {
      body: { token: verifyToken, password: `${password}!` },
    });
    this.refusals.push(wrong.text);
    await this.#api.ok("POST /v1/auth/email:verify", { body: { token: verifyToken, password } });
    Object.assign(this.secrets, { verifyToken, verifiedEmail: email });
  }

  async #forgetAndChangePasswords(): Promise<void> {
    const someone = await signUp(this.#api, "PATIENT", CANARIES);
    const { changedPassword, resetPassword, password } = CANARIES;
    await someone.api.ok("POST /v1/users/me/password:change", {
      body: { currentPassword: password, newPassword: changedPassword },
    });
    const { email } = someone;
    await this.#api.ok("POST /v1/auth/password:forgot", { body: { email } });
    const mails = await mailsTo(this.#stack, email, 2);
    const resetToken = linkTokenOf(mails.find(({ link }) => link?.includes("token="))!);
    await this.#api.ok("POST /v1/auth/password:reset", {
      body: { token: resetToken, password: resetPassword },
    });
    Object.assign(this.secrets, { resetToken });
  }

  /**
   * Books, pays and cancels after the cut-off, and waits until the fee is captured.
   *
   * @returns the path of the payment
   */
  async #cancelLate(): Promise<string> {
    const { id, paymentId } = (await this.#book(2 * HOUR_MS)).body;
    const payment = `/v1/payments/${paymentId}`;
    const untilStatus = (path: string, status: string) =>
      eventually(
        () => this.patient.api.send(`GET ${path}`),
        ({ body }) => body.status === status,
      );
    await this.#untilFound(payment);
    await this.patient.api.ok(`POST ${payment}:authorize`, {
      key: true,
      body: { paymentMethod: "pm_card_visa" },
    });
    await untilStatus(`/v1/bookings/${id}`, "CONFIRMED");
    await this.patient.api.ok(`POST /v1/bookings/${id}:cancel`, { body: { reason: CANARIES.cancelReason } });
    await untilStatus(payment, "CAPTURED");
    return payment;
  }

  async #actAsAdmin(): Promise<void> {
    const admin = await signUpAdmin(this.#api, this.#stack, this.#stack.schemaPrefix);
    const refunds = `${await this.#cancelLate()}/refunds`;
    const refund = { amountMinor: "1", reason: CANARIES.refundReason };
    await admin.api.ok(`POST ${refunds}`, { key: true, body: refund });
    const tooMuch = await admin.api.send(`POST ${refunds}`, {
      key: true,
      body: { ...refund, amountMinor: "99999" },
    });
    this.refusals.push(tooMuch.text);
    expect((await this.patient.api.ok(`GET ${refunds}`)).refunds).toMatchObject([{ reason: refund.reason }]);
    const close = { outcome: "NO_SHOW_BOTH", feeDecision: "RELEASE", reason: CANARIES.closeReason };
    const closed = await admin.api.send(`POST /v1/bookings/${this.answers.free.body.id}:close`, {
      body: close,
    });
    expect(closed.body.reason).toBe("ILLEGAL_TRANSITION");
    this.refusals.push(closed.text);
    const { emergency: reason } = CANARIES;
    await admin.api.ok("POST /v1/admin/break-glass", { body: { patientId: this.patient.id, reason } });
    const system = await makeServiceAccount(admin);
    Object.assign(this.secrets, { clientSecret: system.secret, clientToken: await system.token() });
    await this.#failToAuthenticate(system.id);
  }

  /** Sends credentials of a service account that are refused: by HTTP Basic, and as an assertion. */
  async #failToAuthenticate(clientId: string): Promise<void> {
    const basic = Buffer.from(`${clientId}:${CANARIES.basicSecret}`).toString("base64");
    this.secrets.basic = basic;
    const grant = { grant_type: "client_credentials" };
    const byBasic = await this.#api.send("POST /v1/auth/token", {
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams(grant),
    });
    const byAssertion = await this.#api.send("POST /v1/auth/token", {
      body: new URLSearchParams({
        ...grant,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: CANARIES.assertion,
      }),
    });
    for (const { status, text } of [byBasic, byAssertion]) {
      expect(status).toBe(401);
      this.refusals.push(text);
    }
  }
}

/** Secrets in the settings of the processes, by name. */
function deploymentSecrets({ dataDir }: OwnStack): Record<string, string> {
  const flatten = (name: string, value: object | string): [string, string][] =>
    typeof value === "string"
      ? [[name, value]]
      : Object.entries(value).flatMap(([key, inner]) => flatten(`${name}.${key}`, inner));
  const made = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8"));
  return Object.fromEntries(flatten("deployment", made));
}
