import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { GATEWAY_TOKEN_KEY } from "@medconnect/platform/grpc/origin.ts";
import { REPLAYED_KEY } from "@medconnect/platform/grpc/status.ts";
import { decodeJwt } from "jose";
import { refuse } from "../testing/stub-errors.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const EVENT_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

let gateway: TestGateway;
let admin: { authorization: string };
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signedIn("ADMIN");
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.stubs.stubs.clear();
  gateway.stubs.calls.length = 0;
});

const pathOf = (service: string) => `/v1/admin/services/${service}/dead-events`;
const replay = (service: string, headers = {}) =>
  gateway.send("POST", `${pathOf(service)}/${EVENT_ID}:replay`, {
    headers: { ...admin, ...headers },
    body: {},
  });

test.each(["auth", "scheduling", "clinical", "billing"])(
  "a list is asked of %s, which the path names",
  async (name) => {
    gateway.stubs.stubs.set("ListDeadEvents", () => ({
      deadEvents: [{ id: EVENT_ID }],
      nextPageToken: "more",
    }));
    const { status, json } = await gateway.send("GET", `${pathOf(name)}?pageSize=5`, { headers: admin });
    expect(status).toBe(200);
    expect(json).toMatchObject({ deadEvents: [{ id: EVENT_ID }], nextPageToken: "more" });
    const [{ request, metadata }, ...others] = gateway.stubs.calls as [(typeof gateway.stubs.calls)[0]];
    expect(others).toEqual([]);
    expect(request).toEqual({ service: name, pageSize: 5 });
    expect(decodeJwt(String(metadata[GATEWAY_TOKEN_KEY])).aud).toBe(name);
    expect(metadata.authorization).toBe(admin.authorization);
  },
);

test("a change passes on the key, and the mark of a repeated answer", async () => {
  gateway.stubs.stubs.set("ReplayDeadEvent", ({ trailer }) => {
    trailer.set(REPLAYED_KEY, "true");
    return {};
  });
  const { status, headers } = await replay("billing", { "idempotency-key": "k1" });
  expect([status, headers[REPLAYED_KEY]]).toEqual([204, "true"]);
  expect(gateway.stubs.calls.map(({ request }) => request)).toEqual([
    { service: "billing", eventId: EVENT_ID, idempotencyKey: "k1" },
  ]);
});

test("a refusal of the service is passed on", async () => {
  gateway.stubs.stubs.set("ReplayDeadEvent", refuse);
  expect((await replay("billing")).json).toMatchObject({ status: 403, reason: "PERMISSION_DENIED" });
});

test("an unknown service is refused without a call", async () => {
  expect((await replay("gateway")).json).toMatchObject({
    status: 400,
    reason: "INVALID_REQUEST",
    errors: [expect.objectContaining({ field: "service" })],
  });
  expect(gateway.stubs.calls).toEqual([]);
});
