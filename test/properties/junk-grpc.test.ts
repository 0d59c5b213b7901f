import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { methodAt } from "@medconnect/platform/contract/methods.ts";
import { MethodRules_Access as Access } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import fc from "fast-check";
import { logIn } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { Grpc, type Method, methods, type ServiceName, serversOf } from "../support/grpc.ts";
import { sharedStack } from "../support/stack.ts";
import { belongings, type Cast, type CastRole, makeCast, ROLES, staySignedIn, tokenOf } from "./cast.ts";
import { SEED } from "./junk.ts";
import { assertGrpcRefusal } from "./refusals.ts";
import { tokenOfCaller } from "./valid-requests.ts";
import { messagesFor, mistakenMessage } from "./wire.ts";

/** Number of requests for each RPC and role. */
const RUNS = Number(process.env.JUNK_RUNS ?? 5);

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

/** Counts of junk calls, and the reasons of their refusals. */
interface Outcomes {
  /**
   * Number of calls that may have changed something. These are calls that succeeded, and declined payments:
   * billing stores that a payment was declined.
   */
  accepted: number;
  reasons: Set<string>;
}

async function sendJunk(method: Method, service: ServiceName, token: string | undefined): Promise<Outcomes> {
  let accepted = 0;
  const reasons = new Set<string>();
  const property = fc.asyncProperty(messagesFor(method, cast.ids), async (bytes) => {
    const sent = token === undefined ? {} : { token };
    const reply = await clients[service].send(method, bytes, sent);
    if (reply.name !== "OK") {
      assertGrpcRefusal(reply);
      expect(reply.reason).toMatch(/^[A-Z][A-Z_]+$/);
      reasons.add(reply.reason!);
    }
    if (reply.name === "OK" || reply.reason === "PAYMENT_DECLINED") accepted++;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  return { accepted, reasons };
}

/**
 * Access token for a call. Each call of Logout gets the token of a new session, because a successful Logout
 * ends its session.
 */
async function tokenFor({ path }: Method, role: CastRole): Promise<string | undefined> {
  if (!path.endsWith("/Logout") || role === "anonymous") return tokenOf(cast, role);
  return (await logIn(api, cast[role])).token;
}

const targets = [...methods.values()].flatMap((method) =>
  serversOf(method).map((service) => [`${service} ${method.path}`, method, service] as const),
);

describe(`junk over gRPC (JUNK_SEED=${SEED})`, () => {
  test.each(targets)("is refused by %s, and refused calls change nothing", async (_name, method, service) => {
    const before = await belongings(cast);
    const outcomes = await Promise.all(
      ROLES.map(async (role) => sendJunk(method, service, await tokenFor(method, role))),
    );
    if (outcomes.every(({ accepted }) => accepted === 0)) expect(await belongings(cast)).toEqual(before);
  });

  const internal = targets.filter(([, { path }]) => methodAt(path).rules.access === Access.INTERNAL);

  test.each(internal)("is refused by %s even from a permitted service", async (_name, method, service) => {
    const token = await tokenOfCaller(methodAt(method.path), service);
    const { reasons } = await sendJunk(method, service, token);
    for (const unheard of ["UNAUTHENTICATED", "PERMISSION_DENIED"]) expect(reasons).not.toContain(unheard);
  });

  test.each(targets)(
    "is refused by %s in a small response, however many its mistakes",
    async (_name, method, service) => {
      const { access } = methodAt(method.path).rules;
      const tokens =
        access === Access.INTERNAL
          ? [await tokenOfCaller(methodAt(method.path), service)]
          : ROLES.map((role) => tokenOf(cast, role));
      for (const token of tokens) {
        const sent = token === undefined ? {} : { token };
        const reply = await clients[service].send(method, mistakenMessage(method), sent);
        if (reply.name !== "OK") assertGrpcRefusal(reply);
      }
    },
  );

  test("is refused beyond the 1 MiB of a message", async () => {
    const method = methods.get("/medconnect.auth.v1.AuthService/Login")!;
    const codeOf = async (size: number) => (await clients.auth.send(method, Buffer.alloc(size))).name;
    expect(await codeOf(1024 * 1024 + 1)).toBe("RESOURCE_EXHAUSTED");
    expect(await codeOf(1024 * 1024)).toBe("INVALID_ARGUMENT");
  });
});
