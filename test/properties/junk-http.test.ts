import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { logIn } from "../support/accounts.ts";
import { Api, type Json, reasonOf } from "../support/api.ts";
import { sharedStack } from "../support/stack.ts";
import { belongings, type Cast, type CastRole, makeCast, ROLES, staySignedIn, tokenOf } from "./cast.ts";
import { type JunkRequest, requestsFor } from "./http-requests.ts";
import { junkText, SEED } from "./junk.ts";
import { ApiDescription } from "./openapi.ts";
import { assertHttpRefusal } from "./refusals.ts";

/** Number of requests for each operation and role. */
const RUNS = Number(process.env.JUNK_RUNS ?? 5);
const ENDS_THE_SESSION = "/v1/auth/logout";

const api = new Api(sharedStack().urls.gateway);
const agent = new Agent({ keepAlive: true });
afterAll(() => agent.destroy());

let cast: Cast;
let description: ApiDescription;

beforeAll(async () => {
  [cast, description] = await Promise.all([makeCast(), ApiDescription.fetch(api)]);
});

interface HttpAnswer {
  status: number;
  type: string;
  body: string;
}

/** Sends a request without any change. `fetch` would correct the path, and refuse some headers. */
async function send({ method, target, headers, body }: JunkRequest, token?: string): Promise<HttpAnswer> {
  const outgoing = request(api.url, {
    agent,
    method,
    path: target,
    headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    signal: AbortSignal.timeout(60_000),
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  const { statusCode: status = 0, headers: answered } = answer;
  return { status, type: answered["content-type"] ?? "", body: await text(answer) };
}

/** Asserts that the response is a 4xx error: a problem document, or the error of an OAuth endpoint. */
function assertRefusal({ status, type, body }: HttpAnswer): void {
  assertHttpRefusal(status, body);
  const error = JSON.parse(body) as Json;
  const isProblem = type === "application/problem+json";
  expect(error).toMatchObject({
    ...(isProblem ? { status } : { error: expect.stringMatching(/^[a-z_]+$/) }),
    requestId: expect.any(String),
  });
  expect(reasonOf(error)).toMatch(/^[A-Z][A-Z_]+$/);
  if (!isProblem) expect(type).toBe("application/json");
  expect(body).not.toMatch(/node_modules|at \w+ \(|SELECT |INSERT |mysql/);
}

/**
 * @returns the number of requests that may have changed something; these are requests that succeeded, and
 * declined payments, because billing stores that a payment was declined
 */
async function sendJunk(index: number, role: CastRole): Promise<number> {
  const operation = description.operations[index]!;
  const account = role === "anonymous" ? undefined : cast[role];
  const isFresh = account && operation.path === ENDS_THE_SESSION;
  const token = isFresh ? (await logIn(api, account)).token : tokenOf(cast, role);
  let accepted = 0;
  const property = fc.asyncProperty(requestsFor(description, operation, cast.ids), async (junk) => {
    const answer = await send(junk, token);
    if (answer.status >= 400) assertRefusal(answer);
    if (answer.status < 400 || answer.body.includes('"PAYMENT_DECLINED"')) accepted++;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  return accepted;
}

describe(`junk over HTTP (JUNK_SEED=${SEED})`, () => {
  test("has something to be sent to", () => {
    expect(description.operations.length).toBeGreaterThan(40);
  });

  // One test covers all operations. The list of operations is read from the running system, which is not
  // possible while jest collects the tests.
  test("is refused by every operation for every role, and refused requests change nothing", async () => {
    let before = await belongings(cast);
    for (const [index, { method, path }] of description.operations.entries()) {
      await staySignedIn(cast);
      try {
        const accepted = await Promise.all(ROLES.map((role) => sendJunk(index, role)));
        const after = await belongings(cast);
        if (accepted.every((count) => count === 0)) expect(after).toEqual(before);
        before = after;
      } catch (error) {
        throw new Error(`${method} ${path}: ${(error as Error).message}`, { cause: error });
      }
    }
  }, 300_000);

  test("is refused in a small response, however many its mistakes", async () => {
    await staySignedIn(cast);
    const names = Array.from({ length: 250 }, (_, i) => `unknown_${i}_${"n".repeat(30)}`);
    const unknown = names.map((name) => `${name}=1`).join("&");
    const body = Buffer.from(JSON.stringify(Object.fromEntries(names.map((name) => [name, 1]))));
    for (const { method, path, ...operation } of description.operations) {
      const target = path.replace(/\{(\w+)\}/g, (_, name: string) => cast.ids[name]?.[0] ?? "x");
      const headers = { "content-type": "application/json", "idempotency-key": randomUUID() };
      for (const role of ROLES) {
        const sent = { method, target: `${target}?${unknown}`, headers, body: operation.body && body };
        const { status, body: text } = await send(sent, tokenOf(cast, role));
        if (status >= 400) assertHttpRefusal(status, text, { method, path });
      }
    }
  });

  test("is refused as a token", async () => {
    const headerSafe = junkText.map((token) => token.replace(/[^ -~]/g, "~"));
    const property = fc.asyncProperty(headerSafe, async (token) => {
      const junk = { method: "GET", target: "/v1/users/me", headers: {}, body: undefined };
      const answer = await send(junk, token);
      expect(answer.status).toBe(401);
      assertRefusal(answer);
    });
    await fc.assert(property, { numRuns: 60, seed: SEED });
  });

  test("in one of many slots prevents all of them", async () => {
    const { doctor } = cast;
    const before = await belongings(cast);
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const good = { startTime: hour(900), endTime: hour(901) };
    for (const bad of [
      { startTime: hour(903), endTime: hour(902) },
      { startTime: hour(900.5), endTime: hour(901.5) },
      { startTime: hour(-1), endTime: hour(-0.5) },
      { startTime: hour(902) },
    ]) {
      const body = { slots: [good, bad] };
      const { status } = await doctor.api.send(`POST /v1/doctors/${doctor.id}/slots:batchCreate`, { body });
      expect(status === 400 || status === 409).toBe(true);
    }
    expect(await belongings(cast)).toEqual(before);
  });
});
