import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { API_URL, startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let local: TestGateway;
beforeAll(async () => {
  local = await startTestGateway({ allowedHosts: ["loopback", "Dev.Example.org"] });
});
afterAll(() => local.close());

describe("ALLOWED_HOSTS=loopback,Dev.Example.org", () => {
  test.each([
    "localhost",
    "localhost:8080",
    "LOCALHOST:8080",
    "127.0.0.1:8080",
    "[::1]",
    "[::1]:8080",
    "dev.example.org",
    new URL(API_URL).host,
  ])("serves Host %s", async (host) => {
    expect((await local.send("GET", "/openapi.json", { headers: { host } })).status).toBe(200);
  });

  describe.each(["/docs/", "/openapi.json", "/", "/v1/doctors", "/v1/nothing", "/healthz?x"])(
    "%s",
    (path) => {
      test.each(["evil.test", "evil.test:8080", "localhost.evil.test:8080", "127.0.0.2", "[::2]:8080"])(
        "is refused for Host %s, and the answer names the setting",
        async (host) => {
          const { status, json } = await local.send("GET", path, { headers: { host } });
          expect([status, json.reason]).toEqual([421, "HOST_NOT_ALLOWED"]);
          expect(json.detail).toBe(
            `Host ${host} is not allowed. Call ${API_URL}, or add the host to the setting ALLOWED_HOSTS.`,
          );
        },
      );
    },
  );

  test("a change is not applied for another host", async () => {
    let called = false;
    local.stubs.stubs.set("Login", async () => {
      called = true;
      return {};
    });
    const headers = { host: "evil.test:8080" };
    const body = { email: "admin@demo.medconnect.test", password: "correct-demo-passphrase" };
    expect((await local.send("POST", "/v1/auth/login", { headers, body })).status).toBe(421);
    expect(called).toBe(false);
  });

  test.each(["/healthz", "/readyz"])("%s answers probes by address", async (path) => {
    expect((await local.send("GET", path, { headers: { host: "10.0.0.7:8080" } })).status).toBe(200);
  });
});

test("without ALLOWED_HOSTS, every host is served", async () => {
  const gateway = await startTestGateway();
  const { status } = await gateway.send("GET", "/openapi.json", { headers: { host: "evil.test" } });
  await gateway.close();
  expect(status).toBe(200);
});
