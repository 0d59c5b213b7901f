import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { INTERNAL_KEY, startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ corsOrigins: ["https://app.test"] });
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.stubs.stubs.clear();
  gateway.stubs.calls.length = 0;
});

describe("answers", () => {
  test("a created resource: 201, Location, all scalars, absent messages left out", async () => {
    gateway.stubs.stubs.set("CreateBooking", ({ request }) => ({
      id: ID,
      slotId: request.slotId!,
      status: "CONFIRMED",
    }));
    const headers = { ...(await gateway.signedIn()), "idempotency-key": "k" };
    const answer = await gateway.send("POST", "/v1/bookings", { headers, body: { slotId: ID } });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      location: `/v1/bookings/${ID}`,
      "content-type": "application/json",
      "cache-control": "no-store",
    });
    expect(answer.json).toMatchObject({ id: ID, slotId: ID, status: "CONFIRMED", sequence: 0, reason: "" });
    expect(answer.json).not.toHaveProperty("fee");
    expect(answer.json).not.toHaveProperty("paymentId");
    expect(gateway.stubs.calls[0]?.request).toEqual({ slotId: ID, idempotencyKey: "k" });
  });

  const REGISTRATION = { email: "a@b.test", password: "x".repeat(12), fullName: "A", role: "PATIENT" };

  test("a Location without fields, and 200 for what is not created", async () => {
    gateway.stubs.stubs.set("Register", () => ({ id: ID }));
    const registered = await gateway.send("POST", "/v1/auth/register", { body: REGISTRATION });
    expect(registered).toMatchObject({ status: 201, headers: { location: "/v1/users/me" } });
    expect((await gateway.send("POST", "/v1/auth/login", { body: {} })).status).toBe(200);
  });

  test("what is taken in, to be told of elsewhere: 202 and {}", async () => {
    const registered = await gateway.send("POST", "/v1/auth/register", { body: REGISTRATION });
    expect(registered).toMatchObject({ status: 202, text: "{}" });
    expect(registered.headers).not.toHaveProperty("location");
    const forgot = await gateway.send("POST", "/v1/auth/password:forgot", { body: { email: "a@b.test" } });
    expect(forgot).toMatchObject({
      status: 202,
      text: "{}",
      headers: { "content-type": "application/json" },
    });
  });

  test("nothing to say: 204 without a body", async () => {
    const answer = await gateway.send("POST", "/v1/auth/logout", { headers: await gateway.signedIn() });
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(answer.headers).not.toHaveProperty("content-type");
  });

  test("an answer given before says so", async () => {
    gateway.stubs.stubs.set("CancelBooking", ({ trailer }) => {
      trailer.set("idempotent-replayed", "true");
      return {};
    });
    const headers = await gateway.signedIn();
    const answer = await gateway.send("POST", `/v1/bookings/${ID}:cancel`, { headers });
    expect(answer.headers["idempotent-replayed"]).toBe("true");
  });

  test("HEAD has the headers of GET and no body", async () => {
    const path = `/v1/doctors/${ID}`;
    const [get, head] = [await gateway.send("GET", path), await gateway.send("HEAD", path)];
    expect(head).toMatchObject({ status: 200, text: "" });
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });

  test("public keys may be kept, nothing else", async () => {
    expect((await gateway.send("GET", "/.well-known/jwks.json")).headers["cache-control"]).toBe(
      "public, max-age=60",
    );
  });
});

describe("what goes on to the services", () => {
  test("token, request id and address; nothing else that the client sends", async () => {
    const headers = {
      ...(await gateway.signedIn()),
      "x-request-id": "my-id",
      "x-user-id": "admin",
      "x-gateway-token": "made.up.token",
      "x-forwarded-for": "6.6.6.6",
      "user-agent": "Browser/1 \u00e9",
      "x-forwarded-user-agent": "made up",
      cookie: "a=b",
      traceparent: "00-11111111111111111111111111111111-2222222222222222-01",
    };
    await gateway.send("GET", "/v1/users/me", { headers });
    const { metadata } = gateway.stubs.calls[0]!;
    expect(metadata).toMatchObject({
      authorization: headers.authorization,
      "x-request-id": "my-id",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-user-agent": "Browser/1",
    });
    const auth = new ServiceTokens("auth", [INTERNAL_KEY]);
    const proof = String(metadata["x-gateway-token"]);
    expect(await auth.verify(proof)).toEqual({ kind: "service", name: "gateway" });
    expect(metadata.traceparent).toMatch(/^00-1{32}-(?!2{16})[0-9a-f]{16}-00$/);
    expect(Object.keys(metadata)).not.toEqual(expect.arrayContaining(["x-user-id", "cookie"]));
  });

  test("a public method ignores the token, good or bad", async () => {
    const headers = { authorization: "Bearer not-a-token" };
    expect((await gateway.send("POST", "/v1/auth/login", { headers, body: {} })).status).toBe(200);
    expect(gateway.stubs.calls[0]?.metadata).not.toHaveProperty("authorization");
  });

  test("an optional token is verified", async () => {
    const path = `/v1/doctors/${ID}`;
    expect((await gateway.send("GET", path)).status).toBe(200);
    expect((await gateway.send("GET", path, { headers: { authorization: "Bearer x" } })).status).toBe(401);
    expect((await gateway.send("GET", path, { headers: await gateway.signedIn() })).status).toBe(200);
    expect(gateway.stubs.calls.map(({ metadata }) => "authorization" in metadata)).toEqual([false, true]);
  });

  test("a client that goes away takes its call along", async () => {
    const asked = Promise.withResolvers<() => boolean>();
    const answered = Promise.withResolvers<JsonObject>();
    gateway.stubs.stubs.set("GetMe", async ({ cancelled }) => {
      asked.resolve(cancelled);
      return await answered.promise;
    });
    const abort = new AbortController();
    const headers = await gateway.signedIn();
    const call = fetch(`http://127.0.0.1:${gateway.port}/v1/users/me`, { headers, signal: abort.signal });
    const isCancelled = await asked.promise;
    abort.abort();
    await expect(call).rejects.toThrow();
    await eventually(isCancelled, (yes) => yes);
    answered.resolve({});
    const line = await eventually(
      () => gateway.logLines.at(-1),
      (last) => last?.status === 499,
    );
    expect(line).toMatchObject({ route: "/v1/users/me" });
  });
});

describe("problems", () => {
  test("a service's refusal, in the client's words", async () => {
    gateway.stubs.stubs.set("UpdateDoctor", () => {
      throw new ApiError("INVALID_REQUEST", {
        violations: [
          { field: "doctor.time_zone", description: "is no zone" },
          { field: "doctor.languages[2]", description: "is no code" },
          { field: "doctor", description: "is odd" },
        ],
      });
    });
    const answer = await gateway.send("PATCH", "/v1/doctors/0b5d3c1e-7a52-4c53-9f0c-5d0c3d9b6f11", {
      headers: await gateway.signedIn("DOCTOR"),
      body: { bio: "Looks after hearts." },
    });
    expect(answer.status).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.json).toEqual({
      type: "https://medconnect.dev/errors#INVALID_REQUEST",
      title: "The request breaks a rule of its fields; `errors` names each.",
      status: 400,
      detail: "The request breaks a rule of its fields; `errors` names each.",
      code: "INVALID_ARGUMENT",
      reason: "INVALID_REQUEST",
      requestId: answer.headers["x-request-id"],
      errors: [
        { field: "timeZone", description: "is no zone" },
        { field: "languages[2]", description: "is no code" },
        { field: "", description: "is odd" },
      ],
    });
  });

  test("a refused idempotency key by its header's name", async () => {
    gateway.stubs.stubs.set("CreateDoctor", () => {
      throw new ApiError("INVALID_REQUEST", {
        violations: [
          { field: "license_number", description: "must be given" },
          { field: "idempotency_key", description: "is long" },
        ],
      });
    });
    const headers = await gateway.signedIn("DOCTOR");
    const answer = await gateway.send("POST", "/v1/doctors", { headers, body: {} });
    expect(answer.json).toMatchObject({
      errors: [
        { field: "licenseNumber", description: "must be given" },
        { field: "Idempotency-Key", description: "is long" },
      ],
    });
  });

  test.each([
    ["ILLEGAL_TRANSITION", 409],
    ["ETAG_MISMATCH", 412],
    ["IDEMPOTENCY_KEY_REUSED", 422],
    ["NOT_FOUND", 404],
    ["PERMISSION_DENIED", 403],
  ] as const)("%s is %i", async (reason, status) => {
    gateway.stubs.stubs.set("GetMe", () => {
      throw new ApiError(reason, { metadata: { current: "X" } });
    });
    const answer = await gateway.send("GET", "/v1/users/me", { headers: await gateway.signedIn() });
    expect(answer.json).toMatchObject({ status, reason, metadata: { current: "X" } });
    expect(answer.status).toBe(status);
  });

  test.each([
    [
      "12 kB of unknown parameters",
      Array.from({ length: 3000 }, (_, i) => `p${i}`)
        .join("&")
        .slice(0, 12_000),
    ],
    ["one unknown parameter of 12 kB", "x".repeat(12_000)],
    ["unknown parameters that grow when quoted", "%00%22%5C=&".repeat(1000)],
    ["a list value that is wrong a thousand times", "pageSize=x&".repeat(1000)],
  ])("%s are answered in 8 KiB", async (_what, query) => {
    const answer = await gateway.send("GET", `/v1/doctors?${query}`);
    expect(answer.status).toBe(400);
    expect(Buffer.byteLength(answer.text)).toBeLessThanOrEqual(8 * 1024);
    expect((answer.json.errors as unknown[]).length).toBeLessThanOrEqual(50);
  });

  test("a service that fails says nothing of why", async () => {
    gateway.stubs.stubs.set("GetMe", () => {
      throw new Error("SELECT secret FROM users");
    });
    const answer = await gateway.send("GET", "/v1/users/me", { headers: await gateway.signedIn() });
    expect(answer.json).toMatchObject({ status: 500, reason: "INTERNAL", code: "INTERNAL" });
    expect(answer.text).not.toMatch(/secret|stack/);
    expect(gateway.logLines.find((line) => line.requestId === answer.json.requestId)).toMatchObject({
      msg: "request",
      reason: "INTERNAL",
      route: "/v1/users/me",
    });
  });

  test("a service that does not answer: 504 by the deadline", async () => {
    const hurried = await startTestGateway({ callTimeoutMs: 300 });
    hurried.stubs.stubs.set("GetMe", () => new Promise(() => {}));
    const answer = await hurried.send("GET", "/v1/users/me", { headers: await hurried.signedIn() });
    await hurried.close();
    expect(answer.json).toMatchObject({ status: 504, reason: "DEADLINE_EXCEEDED" });
  });

  test("when to try again", async () => {
    gateway.stubs.stubs.set("GetMe", () => {
      throw new ApiError("IDEMPOTENCY_IN_PROGRESS", { retryAfterMs: 1500 });
    });
    const answer = await gateway.send("GET", "/v1/users/me", { headers: await gateway.signedIn() });
    expect(answer.headers["retry-after"]).toBe("2");
  });
});

describe("the order of checks", () => {
  test("an unknown route, before anything else", async () => {
    const answer = await gateway.send("POST", "/v1/nothing", { headers: { authorization: "x" }, body: "{" });
    expect(answer.json).toMatchObject({ status: 404, reason: "ROUTE_NOT_FOUND", code: "NOT_FOUND" });
  });

  test("a wrong method, with those that are right", async () => {
    const answer = await gateway.send("PUT", "/v1/bookings", { body: "{" });
    expect(answer.json).toMatchObject({ status: 405, reason: "METHOD_NOT_ALLOWED" });
    expect(answer.headers.allow).toBe("POST, GET, HEAD, OPTIONS");
  });

  test("internal methods have no route", async () => {
    const path = "/medconnect.events.v1.EventService/DeliverEvents";
    expect((await gateway.send("POST", path, { body: {} })).status).toBe(404);
  });

  test("no token, then a bad body", async () => {
    const answer = await gateway.send("POST", "/v1/bookings", { body: "{" });
    expect(answer.json).toMatchObject({ status: 401, reason: "UNAUTHENTICATED" });
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
  });

  test.each(["Bearer x", "Bearer a b", "Basic YTpi", "Bearer"])("a bad token: %s", async (authorization) => {
    const answer = await gateway.send("GET", "/v1/users/me", { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe('Bearer error="invalid_token"');
  });

  test("wrong credentials are not a wrong token", async () => {
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

  test("a token that has expired, and one whose session has ended", async () => {
    const expired = await gateway.signedIn("PATIENT", { expiresIn: "-1s" });
    expect((await gateway.send("GET", "/v1/users/me", { headers: expired })).status).toBe(401);
    const headers = await gateway.signedIn("PATIENT", { sessionId: ID });
    const status = async () => (await gateway.send("GET", "/v1/users/me", { headers })).status;
    expect(await status()).toBe(200);
    gateway.revoked.push(ID);
    expect(await eventually(status, (seen) => seen !== 200)).toBe(401);
  });

  test("413, then 415, then 400", async () => {
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

  test("without a body the media type does not count", async () => {
    const headers = { ...(await gateway.signedIn()), "content-type": "text/plain" };
    expect((await gateway.send("POST", "/v1/auth/logout", { headers })).status).toBe(204);
    expect((await gateway.send("POST", "/v1/auth/logout", { headers, body: "" })).status).toBe(204);
  });
});

describe("every answer", () => {
  test.each(["/v1/nothing", "/healthz", "/v1/users/me", "/openapi.json", "/docs", "/v1/%"])(
    "%s has ids and security headers",
    async (path) => {
      const { headers } = await gateway.send("GET", path);
      expect(headers["x-request-id"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
      expect(headers["x-trace-id"]).toMatch(/^[0-9a-f]{32}$/);
      expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY" });
      expect(headers["content-security-policy"]).toMatch(/^default-src '(none|self)'/);
      expect(headers).not.toHaveProperty("x-powered-by");
    },
  );

  test.each(["/v1/users/me", "/v1/nothing", "/healthz", "/openapi.json"])(
    "%s lets a browser load, render and frame nothing",
    async (path) => {
      const { headers } = await gateway.send("GET", path);
      expect(headers).toMatchObject({
        "content-security-policy": "default-src 'none';frame-ancestors 'none'",
        "strict-transport-security": expect.stringMatching(/^max-age=31536000/),
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
      });
    },
  );

  test("the documentation page alone loads scripts, and only its own", async () => {
    const { headers } = await gateway.send("GET", "/docs/");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/^default-src 'self';/);
    expect(policy).not.toMatch(/https?:|unsafe|\*/);
  });

  test("keeps a sane request id, and replaces any other", async () => {
    const idFor = async (id: string) =>
      (await gateway.send("GET", "/healthz", { headers: { "x-request-id": id } })).headers["x-request-id"];
    expect(await idFor("order-66_a.b")).toBe("order-66_a.b");
    for (const odd of ["a b", "x".repeat(129), "<script>", ""]) expect(await idFor(odd)).not.toBe(odd);
  });

  test("goes on with the caller's trace", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const { headers } = await gateway.send("GET", "/healthz", { headers: { traceparent } });
    expect(headers["x-trace-id"]).toBe("a".repeat(32));
  });

  test("leaves one line of log without path, query or token", async () => {
    const headers = { ...(await gateway.signedIn()), "x-request-id": "logged" };
    await gateway.send("GET", `/v1/bookings/${ID}?secret=canary`, { headers });
    const logged = () => gateway.logLines.filter((line) => line.requestId === "logged");
    expect(await eventually(logged, (lines) => lines.length > 0)).toEqual([
      expect.objectContaining({
        method: "GET",
        route: "/v1/bookings/{bookingId}",
        status: 400,
        msg: "request",
      }),
    ]);
    expect(JSON.stringify(gateway.logLines)).not.toMatch(new RegExp(`canary|Bearer|${ID}`));
  });
});

describe("browsers", () => {
  const preflight = (origin: string) =>
    gateway.send("OPTIONS", "/v1/bookings", { headers: { origin, "access-control-request-method": "POST" } });

  test("a page of a listed origin may call", async () => {
    const { status, headers } = await preflight("https://app.test");
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      "access-control-allow-origin": "https://app.test",
      vary: expect.any(String),
    });
    expect(headers["access-control-allow-headers"]).toContain("idempotency-key");
    expect(headers).not.toHaveProperty("access-control-allow-credentials");
  });

  test.each(["https://app.test.evil", "https://evil.test", "null", "http://app.test"])(
    "%s may not",
    async (origin) => {
      expect((await preflight(origin)).headers).not.toHaveProperty("access-control-allow-origin");
    },
  );
});

test("without a list no page may call, whatever its origin", async () => {
  const closed = await startTestGateway();
  for (const origin of ["https://app.test", "null"]) {
    const { headers } = await closed.send("GET", "/v1/doctors", { headers: { origin } });
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  }
  await closed.close();
});

test("health and readiness", async () => {
  expect(await gateway.send("GET", "/healthz")).toMatchObject({ status: 200, text: "ok\n" });
  expect(await gateway.send("GET", "/readyz")).toMatchObject({ status: 200, text: "ready\n" });
});

test("a request target in absolute form is the same request", async () => {
  expect((await gateway.send("GET", `http://any.test/v1/doctors/${ID}?x=1`)).json.errors).toEqual([
    { field: "x", description: "is unknown" },
  ]);
});
