import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.stubs.stubs.clear();
  gateway.stubs.calls.length = 0;
});

describe("the order of checks", () => {
  test("an unknown route is found before everything else", async () => {
    const answer = await gateway.send("POST", "/v1/nothing", { headers: { authorization: "x" }, body: "{" });
    expect(answer.json).toMatchObject({ status: 404, reason: "ROUTE_NOT_FOUND", code: "NOT_FOUND" });
  });

  test("a wrong method gives 405 with the allowed ones", async () => {
    const answer = await gateway.send("PUT", "/v1/bookings", { body: "{" });
    expect(answer.json).toMatchObject({ status: 405, reason: "METHOD_NOT_ALLOWED" });
    expect(answer.headers.allow).toBe("POST, GET, HEAD, OPTIONS");
  });

  test("internal methods have no route", async () => {
    const path = "/medconnect.events.v1.EventService/DeliverEvents";
    expect((await gateway.send("POST", path, { body: {} })).status).toBe(404);
  });

  test("a missing token is refused before an invalid body", async () => {
    const answer = await gateway.send("POST", "/v1/bookings", { body: "{" });
    expect(answer.json).toMatchObject({ status: 401, reason: "UNAUTHENTICATED" });
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
  });

  test.each([
    ["Bearer x", "is malformed"],
    ["Bearer a b", "Write Bearer, a space, and the access token"],
    ["Basic YTpi", "has the scheme Basic"],
    ["Bearer", "is missing"],
  ])('the token "%s" is refused: %s', async (authorization, words) => {
    const answer = await gateway.send("GET", "/v1/users/me", { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.json.detail).toContain(words);
    expect(answer.headers["www-authenticate"]).toBe(
      `Bearer error="invalid_token", error_description="${answer.json.detail}"`,
    );
  });

  test("wrong credentials are no invalid token in WWW-Authenticate", async () => {
    gateway.stubs.stubs.set("Login", () => {
      throw new ApiError("INVALID_CREDENTIALS");
    });
    const answer = await gateway.send("POST", "/v1/auth/login", {
      headers: { authorization: "Bearer x" },
      body: {},
    });
    expect(answer.json).toMatchObject({ status: 401, reason: "INVALID_CREDENTIALS" });
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
  });

  test("expired tokens and tokens of ended sessions are refused", async () => {
    const expired = await gateway.signedIn("PATIENT", { expiresIn: "-1s" });
    expect((await gateway.send("GET", "/v1/users/me", { headers: expired })).status).toBe(401);
    const headers = await gateway.signedIn("PATIENT", { sessionId: ID });
    const status = async () => (await gateway.send("GET", "/v1/users/me", { headers })).status;
    expect(await status()).toBe(200);
    gateway.revoked.push(ID);
    expect(await eventually(status, (seen) => seen !== 200)).toBe(401);
  });

  test("the body is checked for size (413), media type (415) and syntax (400), in this order", async () => {
    const headers = await gateway.signedIn();
    const post = async (body: string | Buffer, type = "application/json", more = {}) =>
      (
        await gateway.send("POST", "/v1/bookings", {
          headers: { ...headers, "content-type": type, ...more },
          body,
        })
      ).json.reason;
    expect(await post("x".repeat(100 * 1024 + 1), "text/plain")).toBe("BODY_TOO_LARGE");
    expect(await post("x".repeat(100 * 1024), "application/json")).toBe("MALFORMED_JSON");
    expect(await post("{", "text/plain")).toBe("UNSUPPORTED_MEDIA_TYPE");
    expect(await post("{}", "application/json; charset=latin1")).toBe("UNSUPPORTED_MEDIA_TYPE");
    expect(await post("{}", "application/merge-patch+json")).toBe("UNSUPPORTED_MEDIA_TYPE");
    expect(await post("{}", "application/json", { "content-encoding": "gzip" })).toBe(
      "UNSUPPORTED_MEDIA_TYPE",
    );
    expect(await post("{", 'Application/JSON; charset="UTF-8"')).toBe("MALFORMED_JSON");
    expect(gateway.stubs.calls).toEqual([]);
  });

  const manyNames = Array.from({ length: 2000 }, (_, i) => `a${i}`);
  test.each<[string, string, unknown]>([
    ["a long value", `/v1/bookings?pageSize=${"a".repeat(12_000)}`, undefined],
    ["an unknown path", `/${"a".repeat(12_000)}`, undefined],
    ["unknown fields", "/v1/bookings", Object.fromEntries(manyNames.map((name) => [name, 1]))],
    ["a long name", "/v1/bookings", { ["\u0001".repeat(15_000)]: 1 }],
    ["a name twice", "/v1/bookings", `{"${"a".repeat(12_000)}":1,"${"a".repeat(12_000)}":2}`],
  ])("the answer to %s is at most 8 KiB", async (_title, path, body) => {
    const method = body === undefined ? "GET" : "POST";
    const { status, text } = await gateway.send(method, path, { headers: await gateway.signedIn(), body });
    expect([400, 404]).toContain(status);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(8192);
  });

  test("the media type of an empty body is ignored", async () => {
    const headers = { ...(await gateway.signedIn()), "content-type": "text/plain" };
    expect((await gateway.send("POST", "/v1/auth/logout", { headers })).status).toBe(204);
    expect((await gateway.send("POST", "/v1/auth/logout", { headers, body: "" })).status).toBe(204);
  });
});

test("a request target in absolute form finds the same route", async () => {
  expect((await gateway.send("GET", `http://any.test/v1/doctors/${ID}?x=1`)).json.errors).toEqual([
    { field: "x", description: "unknown query parameter; this route has none" },
  ]);
});
