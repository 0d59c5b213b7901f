import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { type ChannelCredentials, credentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LOCAL_CLIENT } from "@medconnect/dev/stack/stack.ts";
import { Authority, type Pair } from "@medconnect/ops/certificates/authority.ts";
import { clientFolder, filesIn } from "@medconnect/ops/certificates/certificate-folder.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { SignJWT } from "jose";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc, type Reply } from "../support/grpc.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { begin, book, FEE, offer, openPractice, SOON_MS } from "../support/practice.ts";

const HOUR_MS = 3_600_000;
/** For each service, an RPC with which a patient reads. */
const READ: Record<ServiceName, string> = {
  auth: "auth.v1.UserService/GetMe",
  scheduling: "scheduling.v1.BookingService/ListBookings",
  clinical: "clinical.v1.ConsultationService/ListConsultations",
  billing: "billing.v1.PaymentService/ListPayments",
};

let stack: OwnStack;
let patient: Account;
let doctor: Account;

beforeAll(async () => {
  stack = await startOwnStack({ TLS_RELOAD_EVERY: "200ms", GRPC_REFLECTION: "true" }, { mtls: true });
  const api = new Api(stack.urls.gateway);
  [doctor, patient] = await Promise.all([openPractice(api, { fee: FEE }), signUp(api, "PATIENT")]);
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop(), START_TIMEOUT_MS);

test("a booking runs from hold to capture", async () => {
  const { id, paymentId, consultationId } = await book(patient, await offer(doctor, SOON_MS));
  await patient.api.ok(`POST /v1/payments/${paymentId}:authorize`, {
    key: true,
    body: { paymentMethod: "pm_card_visa" },
  });
  const consultation = `/v1/consultations/${consultationId}`;
  await begin(patient, doctor, consultationId);
  await doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: "All well." } });
  await doctor.api.ok(`POST ${consultation}/prescriptions`, { key: true, body: { content: "Rest." } });
  const payment = await eventually(
    () => patient.api.ok(`GET /v1/payments/${paymentId}`),
    ({ status }) => status === "CAPTURED",
  );
  expect(payment.bookingId).toBe(id);
});

describe.each(SERVICES)("%s", (service) => {
  const read = (security: ChannelCredentials) => ask(service, READ[service], {}, patient.token, security);

  test("accepts an internal system with a certificate and a user's token", async () => {
    expect((await read(asClient(LOCAL_CLIENT))).name).toBe("OK");
  });

  test("requires the token nevertheless", async () => {
    const { name } = await ask(service, READ[service], {}, "", asClient(LOCAL_CLIENT));
    expect(name).toBe("UNAUTHENTICATED");
  });

  test("has reflection, but only with a certificate", async () => {
    const list = async (security: ChannelCredentials) => {
      const client = new Grpc(stack.addresses[service], { security, serverName: service });
      return await client.listServices().finally(() => client.close());
    };
    expect((await list(asClient(LOCAL_CLIENT))).answer).toContain(`medconnect.${service}.v1.`);
    expect((await list(credentials.createInsecure())).code).toBe(status.UNAVAILABLE);
  });

  test.each<[string, () => Promise<ChannelCredentials>]>([
    ["has no certificate", async () => credentials.createSsl(readFileSync(files("ca").ca))],
    ["has one of another CA of the same name", async () => secured(await issue(await otherCa(), soon()))],
    ["has one that has expired", async () => secured(await issue(ownCa(), new Date(Date.now() - 1000)))],
    ["speaks no TLS", async () => credentials.createInsecure()],
  ])("refuses a caller who %s, with any token", async (_who, security) => {
    expect((await read(await security())).name).toBe("UNAVAILABLE");
  });
});

describe("a service's token", () => {
  const revocations = async (security: ChannelCredentials): Promise<Reply> =>
    ask("auth", "auth.v1.KeyService/ListRevocations", {}, await serviceToken("scheduling", "auth"), security);

  test("is accepted from that service", async () => {
    expect((await revocations(asClient("scheduling"))).name).toBe("OK");
  });

  test.each(["clinical", "gateway", LOCAL_CLIENT])(
    "is refused from %s, which made it itself",
    async (who) => {
      expect((await revocations(asClient(who))).name).toBe("UNAUTHENTICATED");
    },
  );
});

test("certificates replaced at run time are used, and broken ones are not", async () => {
  const { cert, key } = files("billing");
  const before = readFileSync(cert, "utf8");
  const log = () => readFileSync(join(stack.logs, "billing.log"), "utf8");

  writeFileSync(`${cert}`, "nonsense");
  await eventually(
    async () => log(),
    (text) => /TLS_CERT.*certificates are ignored/.test(text),
  );
  expect((await ask("billing", READ.billing, {}, patient.token, asClient(LOCAL_CLIENT))).name).toBe("OK");

  const pair = await ownCa().issue({
    name: "billing",
    altNames: ["billing", "127.0.0.1", "elsewhere"],
    usage: "server",
    notAfter: soon(),
  });
  expect(pair.cert).not.toBe(before);
  writeFileSync(cert, pair.cert);
  writeFileSync(key, pair.key);
  await eventually(
    async () => log(),
    (text) => text.includes("new certificates are in use"),
  );
  const nowElsewhere = secured(pairIn(LOCAL_CLIENT));
  const { name } = await ask("billing", READ.billing, {}, patient.token, nowElsewhere, "elsewhere");
  expect(name).toBe("OK");
  // Succeeds, because the gateway calls the service with its own certificate, which the service accepts.
  await patient.api.ok("GET /v1/payments");
});

test("the remaining lifetime is exposed as a metric", async () => {
  const text = await (await fetch(`http://127.0.0.1:${stack.ports.auth.metricsPort}/metrics`)).text();
  const seconds = Number(/^tls_certificate_lifetime_seconds\S* (\S+)/m.exec(text)?.[1]);
  expect(seconds).toBeGreaterThan(80 * 24 * 3600);
});

const soon = () => new Date(Date.now() + HOUR_MS);
const files = (name: string) =>
  filesIn(name === LOCAL_CLIENT ? clientFolder(stack.certificates!, name) : join(stack.certificates!, name));
const pairIn = (name: string): Pair => ({
  cert: readFileSync(files(name).cert, "utf8"),
  key: readFileSync(files(name).key, "utf8"),
});
const otherCa = () => Authority.create("MedConnect private CA", soon());

function ownCa(): Authority {
  const folder = join(stack.certificates!, "ca");
  return new Authority({
    cert: readFileSync(join(folder, "ca.crt"), "utf8"),
    key: readFileSync(join(folder, "ca.key"), "utf8"),
  });
}

const issue = (by: Authority, notAfter: Date) =>
  by.issue({ name: "ehr", altNames: ["ehr"], usage: "client", notAfter });

/** TLS credentials that trust MedConnect's CA and present this certificate. */
function secured({ cert, key }: Pair): ChannelCredentials {
  const ca = readFileSync(files(LOCAL_CLIENT).ca);
  return credentials.createFromSecureContext(createSecureContext({ ca, cert, key }));
}

const asClient = (name: string) => secured(pairIn(name));

async function ask(
  service: ServiceName,
  rpc: string,
  request: Json,
  token: string,
  security: ChannelCredentials,
  serverName: string = service,
): Promise<Reply> {
  const client = new Grpc(stack.addresses[service], { security, serverName });
  try {
    return await client.call(rpc, request, token === "" ? {} : { token });
  } finally {
    client.close();
  }
}

/**
 * Makes a token for a call from one service to another. Any process could make such a token, because all
 * processes have the INTERNAL_KEY.
 */
async function serviceToken(from: string, to: string): Promise<string> {
  const { internalKey } = JSON.parse(readFileSync(join(stack.dataDir, "secrets.json"), "utf8"));
  return await new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "svc+jwt" })
    .setIssuer(from)
    .setAudience(to)
    .setIssuedAt()
    .setExpirationTime("60s")
    .sign(Buffer.from(internalKey, "base64"));
}
