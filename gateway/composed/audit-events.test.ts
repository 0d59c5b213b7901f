import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { refuse, unavailable } from "../testing/stub-errors.ts";
import type { StubCall } from "../testing/stub-services.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;
let admin: { authorization: string };
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signedIn("ADMIN");
});
afterAll(() => gateway.close());
afterEach(() => gateway.stubs.stubs.clear());

const get = (path: string) => gateway.send("GET", path, { headers: admin });

const event = (id: string, occurTime: string) => ({ id, occurTime, service: "auth", outcome: "SUCCESS" });
const trail = [
  event("e3", "2026-03-03T00:00:00Z"),
  event("e2", "2026-03-02T00:00:00Z"),
  event("e1", "2026-03-01T00:00:00Z"),
];

/** Stub of auth: lists the events before `endTime`. */
const list = ({ request }: StubCall) => {
  const { endTime, pageSize } = request as { endTime?: string; pageSize: number };
  const found = trail.filter(({ occurTime }) => !endTime || occurTime < endTime);
  return { auditEvents: found.slice(0, pageSize) };
};

test("a page token is bound to the filters of the first page", async () => {
  gateway.stubs.stubs.set("ListAuditEvents", list);
  const first = await get("/v1/admin/audit-events?service=auth&pageSize=2");
  expect((first.json.auditEvents as { id: string }[]).map(({ id }) => id)).toEqual(["e3", "e2"]);
  const next = `/v1/admin/audit-events?service=auth&pageToken=${first.json.nextPageToken}`;
  const second = await get(`${next}&pageSize=50`);
  expect((second.json.auditEvents as { id: string }[]).map(({ id }) => id)).toEqual(["e1"]);
  expect(second.json.nextPageToken).toBe("");
  expect((await get(`${next}&action=x`)).json).toMatchObject({ status: 400, reason: "INVALID_PAGE_TOKEN" });
});

test("the export is NDJSON, and its last line has the next page token", async () => {
  gateway.stubs.stubs.set("ListAuditEvents", list).set("ExportAuditEvents", list);
  const linesOf = ({ text }: { text: string }) => text.split("\n").map((line) => line && JSON.parse(line));
  const first = await get("/v1/admin/audit-events:export?service=auth&pageSize=2");
  expect(first.status).toBe(200);
  expect(first.headers["content-type"]).toBe("application/x-ndjson");
  const { auditEvents, nextPageToken } = (await get("/v1/admin/audit-events?service=auth&pageSize=2")).json;
  expect(linesOf(first)).toEqual([...(auditEvents as object[]), { nextPageToken }, ""]);
  const next = `/v1/admin/audit-events:export?service=auth&pageToken=${nextPageToken}`;
  expect(linesOf(await get(next))).toEqual([
    expect.objectContaining({ id: "e1" }),
    { nextPageToken: "" },
    "",
  ]);
});

test("an export has at most ten thousand events", async () => {
  const many = Array.from({ length: 10_001 }, (_, n) => event(`e${n}`, "2026-03-01T00:00:00Z")).sort(
    (a, b) => (a.id < b.id ? 1 : -1),
  );
  gateway.stubs.stubs.set("ExportAuditEvents", ({ request }: StubCall) => {
    const from = Number((request as { pageToken: string }).pageToken || 0);
    return {
      auditEvents: many.slice(from, from + 1000),
      nextPageToken: from < 10_000 ? `${from + 1000}` : "",
    };
  });
  const { text } = await get("/v1/admin/audit-events:export?service=auth&pageSize=99999");
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(10_001);
  expect(JSON.parse(lines.at(-1)!).nextPageToken).not.toBe("");
});

test.each([
  "x",
  "W10",
  "e30",
  Buffer.from('["1","a","b"]').toString("base64url"),
  Buffer.from("[1e300,1,1]").toString("base64url"),
])("the page token %s is refused", async (token) => {
  expect((await get(`/v1/admin/audit-events?pageToken=${token}`)).json).toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
  });
});

test("the list fails while a service is unavailable, because it would have gaps", async () => {
  let listCalls = 0;
  gateway.stubs.stubs.set("ListAuditEvents", () => (listCalls++ === 2 ? unavailable() : {}));
  expect((await get("/v1/admin/audit-events")).json).toMatchObject({ status: 503, reason: "UNAVAILABLE" });
});

test("the refusal of a service refuses the call", async () => {
  gateway.stubs.stubs.set("ListAuditEvents", refuse);
  expect((await get("/v1/admin/audit-events")).json).toMatchObject({ status: 403 });
});

test("only the named service is called, and none for an invalid request", async () => {
  gateway.stubs.calls.length = 0;
  await get("/v1/admin/audit-events?service=billing");
  expect(gateway.stubs.calls).toHaveLength(1);
  const { json } = await get(
    "/v1/admin/audit-events?service=nobody&pageSize=-1&startTime=2030-01-01T00:00:00.0001Z",
  );
  const errors = json.errors as { field: string }[];
  expect(errors.map(({ field }) => field).sort()).toEqual(["pageSize", "service", "startTime"]);
  expect(gateway.stubs.calls).toHaveLength(1);
});
