import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ corsOrigins: ["https://app.test"] });
});
afterAll(() => gateway.close());

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
    "%s forbids browsers to load, render and frame anything",
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

  test("the documentation page loads only its own scripts", async () => {
    const { headers } = await gateway.send("GET", "/docs/");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/^default-src 'self';/);
    expect(policy.replace("style-src 'self' 'unsafe-inline'", "")).not.toMatch(/https?:|unsafe|\*/);
  });
});

describe("CORS", () => {
  const preflight = (origin: string) =>
    gateway.send("OPTIONS", "/v1/bookings", { headers: { origin, "access-control-request-method": "POST" } });

  test("allows pages of a listed origin", async () => {
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
    "refuses pages of %s",
    async (origin) => {
      expect((await preflight(origin)).headers).not.toHaveProperty("access-control-allow-origin");
    },
  );
});

test("without CORS_ORIGINS, pages of no origin may call", async () => {
  const closed = await startTestGateway();
  for (const origin of ["https://app.test", "null"]) {
    const { headers } = await closed.send("GET", "/v1/doctors", { headers: { origin } });
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  }
  await closed.close();
});

describe("CORS_ORIGINS=loopback", () => {
  let local: TestGateway;
  beforeAll(async () => {
    local = await startTestGateway({ corsOrigins: ["https://app.test", "loopback"] });
  });
  afterAll(() => local.close());
  const allowed = async (method: string, origin: string) =>
    (await local.send(method, "/v1/doctors", { headers: { origin } })).headers["access-control-allow-origin"];

  test.each([
    "http://localhost",
    "http://localhost:5173",
    "https://localhost:8443",
    "http://127.0.0.1:3000",
    "https://[::1]:65535",
    "https://app.test",
  ])("allows pages of %s", async (origin) => {
    expect([await allowed("OPTIONS", origin), await allowed("GET", origin)]).toEqual([origin, origin]);
  });

  test.each([
    "null",
    "loopback",
    "http://localhost.evil.test",
    "http://evil.test:80",
    "http://localhost:5173.evil.test",
    "http://evil-localhost:5173",
    "http://127.0.0.1.evil.test",
    "http://127.0.0.2:3000",
    "http://localhost:5173/",
    "ftp://localhost",
    "file://localhost",
  ])("refuses pages of %s", async (origin) => {
    expect([await allowed("OPTIONS", origin), await allowed("GET", origin)]).toEqual([undefined, undefined]);
  });

  test("the answers to one origin have the same headers as to another", async () => {
    const headersFor = async (origin: string) => {
      const { headers } = await local.send("OPTIONS", "/v1/bookings", { headers: { origin } });
      const names = Object.keys(headers).filter((name) => /^(access-control|vary)/.test(name));
      return Object.fromEntries(names.map((name) => [name, headers[name]]));
    };
    expect(await headersFor("http://localhost:5173")).toEqual({
      ...(await headersFor("https://app.test")),
      "access-control-allow-origin": "http://localhost:5173",
    });
  });
});
