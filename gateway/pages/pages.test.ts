import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

test("health and readiness are plain text", async () => {
  expect(await gateway.send("GET", "/healthz")).toMatchObject({ status: 200, text: "ok\n" });
  expect(await gateway.send("GET", "/readyz")).toMatchObject({ status: 200, text: "ready\n" });
});
