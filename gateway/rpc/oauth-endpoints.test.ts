import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { contractRoutes } from "../testing/routes.ts";
import { API_URL, startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const FORM_TYPE = "application/x-www-form-urlencoded";

const routes = contractRoutes.filter(({ method }) => method.rules.oauth);
const TOKEN = "/v1/auth/token";
const FORM = { grant_type: "client_credentials" };
const SECRET = "mcs_do-not-log-me";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.stubs.stubs.clear();
  gateway.stubs.calls.length = 0;
});

const basic = (id: string, secret = SECRET) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});
const send = (parameters: Record<string, string>, headers = {}) =>
  gateway.send("POST", TOKEN, { headers, body: new URLSearchParams(parameters) });

/** Makes the service refuse calls. */
const refuse = (error: ApiError) =>
  gateway.stubs.stubs.set("IssueToken", () => {
    throw error;
  });

test("there is one token endpoint", () => {
  expect(routes.map(({ path }) => path)).toEqual([TOKEN]);
});

test.each([
  ["the form", (id: string) => send({ ...FORM, client_id: id, client_secret: SECRET, scope: "a b" })],
  ["HTTP Basic", (id: string) => send({ ...FORM, scope: "a b" }, basic(id))],
])("credentials in %s reach the service, and the answer has the names of RFC 6749", async (_title, ask) => {
  gateway.stubs.stubs.set("IssueToken", () => ({
    access_token: "abc",
    token_type: "Bearer",
    expires_in: 300,
    scope: "a b",
  }));
  const id = newId();
  const answer = await ask(id);
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({ access_token: "abc", token_type: "Bearer", expires_in: 300, scope: "a b" });
  expect(answer.headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
  expect(gateway.stubs.calls.map(({ request }) => request)).toEqual([
    { grant_type: "client_credentials", client_id: id, client_secret: SECRET, scope: "a b" },
  ]);
  expect(gateway.stubs.calls[0]?.metadata).not.toHaveProperty("authorization");
  expect(JSON.stringify(gateway.logLines)).not.toContain(SECRET);
});

test.each([
  [new ApiError("INVALID_CLIENT"), 401, "invalid_client"],
  [new ApiError("INVALID_SCOPE"), 400, "invalid_scope"],
  [new ApiError("UNSUPPORTED_GRANT_TYPE"), 400, "unsupported_grant_type"],
  [new ApiError("INVALID_REQUEST"), 400, "invalid_request"],
  [new ApiError("UNAVAILABLE"), 503, "temporarily_unavailable"],
  [new ApiError("INTERNAL"), 500, "server_error"],
])("$reason of the service is %i %s, with a link and the request id", async (error, status, code) => {
  refuse(error);
  const answer = await send(FORM);
  expect(answer.status).toBe(status);
  expect(answer.json).toEqual({
    error: code,
    error_description: expect.any(String),
    error_uri: `${API_URL}/docs/errors#${error.reason}`,
    requestId: answer.headers["x-request-id"],
  });
  expect(answer.headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
  expect(answer.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
});

test("a client that sent Authorization gets a challenge for Basic, others get none", async () => {
  refuse(new ApiError("INVALID_CLIENT"));
  expect((await send(FORM, basic(newId()))).headers["www-authenticate"]).toBe(
    'Basic realm="MedConnect", charset="UTF-8"',
  );
  expect((await send(FORM)).headers).not.toHaveProperty("www-authenticate");
});

test("the description lists the parameters, in the characters that RFC 6749 allows", async () => {
  refuse(
    new ApiError("INVALID_REQUEST", {
      violations: [
        { field: "client_id", description: 'is "no" id\\ \u00e4' },
        { field: "", description: "x" },
        { field: "scope", description: "y".repeat(300) },
        { field: "scope", description: "y".repeat(300) },
      ],
    }),
  );
  const { error_description: text } = (await send(FORM)).json;
  expect(text).toMatch(/^client_id: is 'no' id' '; x; scope: y{300}; scope: y+$/);
  expect(text).toHaveLength(500);
});

test.each([
  ["JSON", "application/json", "sent application/json; this route takes FORM"],
  ["no media type", "", "sent no Content-Type; this route takes FORM"],
  [
    "another charset",
    `${FORM_TYPE}; charset=latin1`,
    "sent FORM; charset=latin1; this route takes FORM in UTF-8",
  ],
  ["a longer media type", `${FORM_TYPE}2`, "sent FORM2; this route takes FORM"],
])("a body of %s is 415 in the shape of RFC 6749", async (_title, type, description) => {
  const answer = await gateway.send("POST", TOKEN, { headers: { "content-type": type }, body: "a=b" });
  expect([answer.status, answer.json.error]).toEqual([415, "invalid_request"]);
  expect(answer.json.error_description).toBe(description.replaceAll("FORM", FORM_TYPE));
  expect(gateway.stubs.calls).toEqual([]);
});

test("UTF-8 may be named as the charset, in any case", async () => {
  const headers = { "content-type": 'Application/X-WWW-form-urlencoded ; Charset="UTF-8"' };
  const { status } = await gateway.send("POST", TOKEN, { headers, body: "grant_type=x" });
  expect(status).toBe(200);
});

test("a form above the limit is 413", async () => {
  const answer = await send({ ...FORM, scope: "a".repeat(101 * 1024) });
  expect([answer.status, answer.json.error]).toEqual([413, "invalid_request"]);
});

test("a form of many parameters is read once, and one twice among them is refused", async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `p${i}=`).join("&");
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await gateway.send("POST", TOKEN, { headers, body: `${many}&p7=` });
  expect(answer.json).toMatchObject({
    error: "invalid_request",
    error_description: "p7: is sent more than once",
  });
});

test("a query is refused, because parameters belong into the form", async () => {
  const answer = await gateway.send("POST", `${TOKEN}?client_secret=${SECRET}`, {
    body: new URLSearchParams(FORM),
  });
  expect([answer.status, answer.json.error]).toEqual([400, "invalid_request"]);
  expect(answer.text + JSON.stringify(gateway.logLines)).not.toContain(SECRET);
});

test("attempts are limited per address, with the headers of every limit", async () => {
  const strict = await startTestGateway({ limits: { auth: 1 } });
  try {
    const ask = () => strict.send("POST", TOKEN, { body: new URLSearchParams(FORM) });
    await ask();
    const answer = await ask();
    expect(answer.status).toBe(429);
    expect(answer.json).toMatchObject({ error: "temporarily_unavailable" });
    expect(answer.headers).toMatchObject({
      "retry-after": expect.stringMatching(/^\d+$/),
      ratelimit: expect.stringContaining('"auth";r=0'),
    });
  } finally {
    await strict.close();
  }
});
