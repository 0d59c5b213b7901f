import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

test("a valid request id is kept, any other one is replaced", async () => {
  const idFor = async (id: string) =>
    (await gateway.send("GET", "/healthz", { headers: { "x-request-id": id } })).headers["x-request-id"];
  expect(await idFor("order-66_a.b")).toBe("order-66_a.b");
  for (const invalid of ["a b", "x".repeat(129), "<script>", ""])
    expect(await idFor(invalid)).not.toBe(invalid);
});

test("the caller's trace is continued", async () => {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const { headers } = await gateway.send("GET", "/healthz", { headers: { traceparent } });
  expect(headers["x-trace-id"]).toBe("a".repeat(32));
});

test("a request leaves one log line without path, query or token", async () => {
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

test("with LOG_PATHS, the line has the path without its query, and bounded", async () => {
  const local = await startTestGateway({ logPaths: true });
  await local.send("GET", "/v1/nothing?secret=canary", { headers: { "x-request-id": "short" } });
  await local.send("GET", `/v1/${"x".repeat(4000)}`, { headers: { "x-request-id": "long" } });
  const requests = () =>
    local.logLines.filter(({ requestId }) => requestId === "short" || requestId === "long");
  const [short, long] = await eventually(requests, (lines) => lines.length === 2);
  await local.close();
  expect(short?.path).toBe("/v1/nothing");
  expect(String(long?.path)).toHaveLength(256);
});
