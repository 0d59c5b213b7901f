import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DEMO_ACCOUNTS, DEMO_PASSWORD, DEMO_REGION, seed } from "@medconnect/dev/stack/seed.ts";
import { idsIn, withExistingIds } from "@medconnect/gateway/pages/browser/examples.js";
import { signUp } from "../support/accounts.ts";
import { type Answer, Api } from "../support/api.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";

interface Parameter {
  $ref?: string;
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  example?: unknown;
}
interface Operation {
  operationId: string;
  "x-roles"?: string[];
  security?: object[];
  parameters: Parameter[];
  requestBody?: { content: Record<string, { example?: unknown }> };
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { parameters: Record<string, Parameter> };
}

type Caller = "nobody" | keyof typeof DEMO_ACCOUNTS;

/** Refusals of examples that need more than a document can have: why, and the reasons by operation. */
const REFUSED: [why: string, reasons: Record<string, string>][] = [
  ["the token comes by mail", { verifyEmail: "INVALID_LINK_TOKEN", resetPassword: "INVALID_LINK_TOKEN" }],
  ["the token comes from `login`", { verifyMfa: "INVALID_MFA_TOKEN", refreshToken: "INVALID_REFRESH_TOKEN" }],
  [
    "the code comes from an authenticator app",
    {
      activateTotp: "INVALID_MFA_CODE",
      regenerateRecoveryCodes: "MFA_NOT_ACTIVE",
      disableTotp: "MFA_NOT_ACTIVE",
    },
  ],
  ["the secret is shown once", { issueToken: "INVALID_CLIENT" }],
  ["the provider signs webhooks", { receiveWebhook: "INVALID_SIGNATURE" }],
  ["the demo doctor has a profile", { createDoctor: "DOCTOR_EXISTS" }],
  [
    "the appointment is over, or was cancelled by an example before",
    {
      cancelBooking: "ILLEGAL_TRANSITION",
      previewCancellation: "ILLEGAL_TRANSITION",
      rescheduleBooking: "ILLEGAL_TRANSITION",
      acceptMove: "ILLEGAL_TRANSITION",
      closeBooking: "ILLEGAL_TRANSITION",
      authorizePayment: "ILLEGAL_TRANSITION",
      joinConsultation: "ILLEGAL_TRANSITION",
      readyConsultation: "ILLEGAL_TRANSITION",
      startConsultation: "ILLEGAL_TRANSITION",
      markConsultationNoShow: "ILLEGAL_TRANSITION",
      abandonConsultation: "ILLEGAL_TRANSITION",
    },
  ],
  [
    "an example before has decided otherwise",
    { rejectLicense: "ILLEGAL_TRANSITION", stopPrescription: "ILLEGAL_TRANSITION" },
  ],
  [
    "the admin has to call `createBreakGlassGrant` first",
    {
      getConsultation: "BREAK_GLASS_REQUIRED",
      listConsultations: "BREAK_GLASS_REQUIRED",
      getPrescription: "BREAK_GLASS_REQUIRED",
      listPrescriptions: "BREAK_GLASS_REQUIRED",
      cancelPrescription: "BREAK_GLASS_REQUIRED",
      stopPrescription: "BREAK_GLASS_REQUIRED",
    },
  ],
  ["the newest payment, of an example before, has no refund", { getRefund: "INVALID_REQUEST" }],
  [
    "nothing has failed, so there is no id",
    { retryDeadMail: "INVALID_REQUEST", replayDeadEvent: "INVALID_REQUEST" },
  ],
];
const mayBeRefused = (operationId: string, reason: unknown): boolean =>
  REFUSED.some(([, reasons]) => reasons[operationId] === reason);

let stack: OwnStack;
let api: Api;

beforeAll(async () => {
  stack = await startOwnStack();
  api = new Api(stack.urls.gateway);
  Object.assign(globalThis, { location: new URL(stack.urls.gateway) });
  await seed(stack);
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop());

test.each<Caller>(["nobody", "admin", "doctor", "patient"])(
  "each example at /docs works for %s as it stands",
  async (caller) => {
    // The start mends what examples have taken away, such as the doctor's licence.
    await seed(stack);
    const unexpected: unknown[] = [];
    let own = await signIn(caller);
    let document = await documentFor(own);
    for (const [path, method, { operationId }] of operationsOf(document).filter(mayBeCalledBy(caller))) {
      const answer = await sendExample(own, document, path, method);
      if (answer.status >= 300 && !mayBeRefused(operationId, answer.body.reason)) {
        unexpected.push([operationId, answer.status, answer.body.detail]);
      }
      if (method === "get") continue;
      // Some examples end the session, and others change what can be read.
      own = await signIn(caller);
      document = await documentFor(own);
    }
    expect(unexpected).toEqual([]);
  },
  240_000,
);

test("the next start gives the demo doctor the revoked licence back", async () => {
  const admin = await signIn("admin");
  const [verified] = (await admin.client.listLicenses({ status: "VERIFIED" })).licenses;
  await admin.client.revokeLicense({ licenseId: verified!.id, reason: "The board suspended the licence." });
  await seed(stack);
  const { id: doctorId } = await (await signIn("doctor")).client.getMe();
  expect(await api.client.getDoctor({ doctorId })).toMatchObject({ practising: true });
});

test("an example acts on the booking that an example before has made, also after another booking", async () => {
  await seed(stack);
  const { api: patient } = await signUp(api, "PATIENT");
  const { body: booking } = await sendExample(patient, await documentFor(patient), "/v1/bookings", "post");
  expect(booking).toMatchObject({ status: "PENDING_PAYMENT" });
  const { slots } = await patient.client.listSlots({ doctorId: String(booking.doctorId), status: "OPEN" });
  await patient.client.createBooking({
    slotId: slots.at(-1)!.id,
    reason: "A later appointment",
    patientRegion: DEMO_REGION,
  });
  const document = await documentFor(patient, idsIn(JSON.stringify(booking)));
  const { body } = await sendExample(patient, document, "/v1/payments/{paymentId}/authorize", "post");
  expect(body).toMatchObject({ id: booking.paymentId, bookingId: booking.id, status: "AUTHORIZED" });
});

async function signIn(caller: Caller): Promise<Api> {
  if (caller === "nobody") return api;
  const credentials = { email: DEMO_ACCOUNTS[caller].email, password: DEMO_PASSWORD };
  const answer = await api.client.login(credentials);
  return api.as((answer as { tokens: { accessToken: string } }).tokens.accessToken);
}

/** The document as the page shows it to the caller. */
async function documentFor(own: Api, recentIds: string[] = []): Promise<Document> {
  const { body } = await api.send("GET /openapi.json");
  const document = own.token === undefined ? body : await withExistingIds(body, own.token, recentIds);
  return document as unknown as Document;
}

const operationsOf = ({ paths }: Document): [path: string, method: string, operation: Operation][] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): [string, string, Operation] => [
      path,
      method,
      operation,
    ]),
  );

/** Ids of resources come with the sign-in, so nobody calls operations that have none in their path. */
const mayBeCalledBy =
  (caller: Caller) =>
  ([path, , { security, "x-roles": roles }]: [string, string, Operation]): boolean => {
    const isPublic = security?.length === 0 || security?.some((scheme) => Object.keys(scheme).length === 0);
    if (caller === "nobody") return isPublic === true && !/Id\}/.test(path);
    return security?.length !== 0 && (roles?.includes(caller.toUpperCase()) ?? true);
  };

async function sendExample(own: Api, document: Document, path: string, method: string): Promise<Answer> {
  const { parameters, requestBody } = document.paths[path]![method]!;
  const shown = parameters
    .map((each) => resolve(each, document))
    .filter(({ example }) => example !== undefined);
  const url = new URL(
    path.replace(/\{(\w+)\}/g, (all, name) =>
      String(shown.find((each) => each.name === name)?.example ?? all),
    ),
    api.url,
  );
  for (const { name, in: place, example } of shown) {
    if (place === "query") url.searchParams.set(name, String(example));
  }
  const headers = shown
    .filter((each) => each.in === "header")
    .map(({ name, example }) => [name, String(example)]);
  const [[type, { example = undefined } = {}] = ["", {}]] = Object.entries(requestBody?.content ?? {});
  const isForm = type === "application/x-www-form-urlencoded";
  return await own.send(`${method.toUpperCase()} ${url.pathname}${url.search}`, {
    headers: { ...Object.fromEntries(headers), "idempotency-key": randomUUID() },
    ...(example !== undefined && {
      body: isForm ? new URLSearchParams(example as Record<string, string>) : example,
    }),
  });
}

const resolve = ({ $ref, ...parameter }: Parameter, { components }: Document): Parameter =>
  $ref === undefined ? parameter : components.parameters[$ref.split("/").at(-1) ?? ""]!;
