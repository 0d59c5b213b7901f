import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, PASSWORD, signUp } from "../support/accounts.ts";
import { type Answer, Api, refusal } from "../support/api.ts";
import { Grpc } from "../support/grpc.ts";
import { type SideProcess, startAuth, startGateway } from "../support/side-processes.ts";
import { sharedStack } from "../support/stack.ts";

const LIMITS = { RATE_LIMIT_AUTH: "3", RATE_LIMIT_READ: "5", RATE_LIMIT_WRITE: "2", RATE_LIMIT_SEARCH: "0" };
const START_TIMEOUT_MS = 240_000;

const stack = sharedStack();
/**
 * Two gateways with low limits, in front of the shared system's services. The shared system's own gateway has
 * no limits.
 */
const gateways: SideProcess[] = [];
let apis: [Api, Api];
let patients: Account[];

beforeAll(async () => {
  const [one, other] = await Promise.all([startGateway(stack, LIMITS), startGateway(stack, LIMITS)]);
  gateways.push(one, other);
  apis = [one.api, other.api];
  const unlimited = new Api(stack.urls.gateway);
  patients = await Promise.all([signUp(unlimited, "PATIENT"), signUp(unlimited, "PATIENT")]);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
}, START_TIMEOUT_MS);

const times = async (count: number, send: (index: number) => Promise<Answer>): Promise<Answer[]> => {
  const answers: Answer[] = [];
  for (let index = 0; index < count; index++) answers.push(await send(index));
  return answers;
};
const statusesOf = (answers: Answer[]) => answers.map(({ status }) => status);

test("logins are limited by address over all gateways, whatever X-Forwarded-For says", async () => {
  const { email } = patients[0]!;
  const answers = await times(5, (index) =>
    apis[index % 2]!.send("POST /v1/auth/login", {
      body: { email, password: PASSWORD },
      headers: { "x-forwarded-for": `203.0.113.${index}` },
    }),
  );
  expect(statusesOf(answers)).toEqual([200, 200, 200, 429, 429]);
  const last = answers.at(-1)!;
  expect(refusal(last)).toEqual({ status: 429, reason: "RATE_LIMITED" });
  const retryAfterS = Number(last.headers.get("retry-after"));
  expect(retryAfterS).toBeGreaterThan(0);
  expect(retryAfterS).toBeLessThanOrEqual(60);
});

test("reads are limited by user, and every response has the remaining quota", async () => {
  const [first, second] = patients.map(({ token }) => apis[0].as(token));
  const answers = await times(7, () => first!.send("GET /v1/users/me"));
  expect(statusesOf(answers)).toEqual([200, 200, 200, 200, 200, 429, 429]);
  expect(answers[0]!.headers.get("ratelimit-policy")).toBe('"read";q=5;w=60');
  const left = answers.map(({ headers }) => /r=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1]);
  expect(left).toEqual(["4", "3", "2", "1", "0", "0", "0"]);
  expect((await second!.send("GET /v1/users/me")).status).toBe(200);
});

test("classes are counted separately, and a class without a limit is not counted", async () => {
  const [own] = patients.map(({ token }) => apis[1].as(token));
  expect(
    statusesOf(await times(3, () => own!.send("PATCH /v1/users/me", { body: { locale: "de" } }))),
  ).toEqual([200, 200, 429]);
  const searches = await times(10, () => own!.send("GET /v1/doctors"));
  expect(statusesOf(searches)).toEqual(Array(10).fill(200));
  expect(searches[0]!.headers.get("ratelimit")).toBeNull();
});

test("a request without a valid token counts against no account", async () => {
  const nobody = apis[0].as("not.a.token");
  expect(statusesOf(await times(10, () => nobody.send("GET /v1/bookings")))).toEqual(Array(10).fill(401));
});

describe("a client that calls auth over gRPC", () => {
  let auth: SideProcess;
  let direct: Grpc;
  beforeAll(async () => {
    auth = await startAuth(stack, { RATE_LIMIT_AUTH: "3" });
    direct = new Grpc(auth.address);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    direct.close();
    await auth.stop();
  }, START_TIMEOUT_MS);

  test("is limited in credentials over all accounts and methods together, and gets the time to retry", async () => {
    const secret = { grantType: "client_credentials", clientId: randomUUID(), clientSecret: "x" };
    const outcomes: (string | undefined)[] = [];
    for (let index = 0; index < 6; index++) {
      const headers = { "x-forwarded-for": `203.0.113.${index}`, "x-gateway-token": "made.up.token" };
      const { reason } = await (index % 2 === 0
        ? direct.call("auth.v1.AuthService/Login", { email: `${index}@x.org`, password: "x" }, { headers })
        : direct.call("auth.v1.ServiceAccountService/IssueToken", secret, { headers }));
      outcomes.push(reason);
    }
    const limited = Array(3).fill("RATE_LIMITED");
    expect(outcomes).toEqual(["INVALID_CREDENTIALS", "INVALID_CLIENT", "INVALID_CREDENTIALS", ...limited]);
    const { token } = patients[0]!;
    expect((await direct.call("auth.v1.UserService/GetMe", {}, { token })).name).toBe("OK");
  });

  test("does not affect users who sign in through the gateway", async () => {
    const gateway = await startGateway(stack, {}, auth.address);
    gateways.push(gateway);
    const { email } = patients[0]!;
    const body = { email, password: PASSWORD };
    const answers = await times(5, () => gateway.api.send("POST /v1/auth/login", { body }));
    expect(statusesOf(answers)).toEqual(Array(5).fill(200));
  });
});
