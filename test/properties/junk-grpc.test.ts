import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { SignJWT } from "jose";
import { logIn } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { Grpc, type Method, methods, type Reply, type ServiceName, serversOf } from "../support/grpc.ts";
import { sharedInternalKey, sharedStack } from "../support/stack.ts";
import { belongings, type Cast, type CastRole, makeCast, ROLES, staySignedIn, tokenOf } from "./cast.ts";
import { SEED } from "./junk.ts";
import { messagesFor } from "./wire.ts";

/** For each RPC and role. */
const RUNS = Number(process.env.JUNK_RUNS ?? 15);
const INTERNAL = [
  "/medconnect.audit.v1.AuditService/RecordCheckpoint",
  "/medconnect.auth.v1.ActorService/BatchGetActors",
  "/medconnect.auth.v1.KeyService/ListRevocations",
  "/medconnect.events.v1.EventService/DeliverEvents",
];
const OUR_FAULT = ["UNKNOWN", "INTERNAL", "UNIMPLEMENTED", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED"];

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const clients = Object.fromEntries(
  Object.entries(stack.addresses).map(([name, address]) => [name, new Grpc(address)]),
) as Record<ServiceName, Grpc>;
afterAll(() => {
  for (const client of Object.values(clients)) client.close();
});

let cast: Cast;
beforeAll(async () => {
  cast = await makeCast();
});

beforeEach(() => staySignedIn(cast));

/** @returns how many calls may have changed something: those not refused, and a decline, which the payment keeps */
async function sendJunk(method: Method, service: ServiceName, token: string | undefined): Promise<number> {
  let accepted = 0;
  const property = fc.asyncProperty(messagesFor(method, cast.ids), async (bytes) => {
    const sent = token === undefined ? {} : { token };
    const reply = await clients[service].send(method, bytes, sent);
    if (reply.name !== "OK") assertRefusal(reply);
    if (reply.name === "OK" || reply.reason === "PAYMENT_DECLINED") accepted++;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  return accepted;
}

/** A refusal is the caller's fault, and says why in a way that programs can read. */
function assertRefusal({ name, reason }: Reply): void {
  expect(OUR_FAULT).not.toContain(name);
  expect(reason).toMatch(/^[A-Z][A-Z_]+$/);
}

/** A logout that is not refused ends the session it came with. */
async function tokenFor({ path }: Method, role: CastRole): Promise<string | undefined> {
  if (!path.endsWith("/Logout") || role === "anonymous") return tokenOf(cast, role);
  return (await logIn(api, cast[role])).token;
}

const targets = [...methods.values()].flatMap((method) =>
  serversOf(method).map((service) => [`${service} ${method.path}`, method, service] as const),
);

describe(`junk over gRPC (JUNK_SEED=${SEED})`, () => {
  test.each(targets)(
    "is refused by %s, and what is refused changes nothing",
    async (_name, method, service) => {
      const before = await belongings(cast);
      const accepted = await Promise.all(
        ROLES.map(async (role) => sendJunk(method, service, await tokenFor(method, role))),
      );
      if (accepted.every((count) => count === 0)) expect(await belongings(cast)).toEqual(before);
    },
  );

  test.each(targets.filter(([, { path }]) => INTERNAL.includes(path)))(
    "is refused by %s even from another service",
    async (_name, method, service) => {
      const token = await new SignJWT()
        .setProtectedHeader({ alg: "HS256", typ: "svc+jwt" })
        .setIssuer(service === "auth" ? "scheduling" : "auth")
        .setAudience(service)
        .setExpirationTime("1m")
        .sign(sharedInternalKey());
      await sendJunk(method, service, token);
    },
  );

  test("is refused where it is more than the 1 MiB that a message may be", async () => {
    const method = methods.get("/medconnect.auth.v1.AuthService/Login")!;
    const codeOf = async (size: number) => (await clients.auth.send(method, Buffer.alloc(size))).name;
    expect(await codeOf(1024 * 1024 + 1)).toBe("RESOURCE_EXHAUSTED");
    expect(await codeOf(1024 * 1024)).toBe("INVALID_ARGUMENT");
  });
});
