import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
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

const away = () => {
  throw new ApiError("UNAVAILABLE");
};
const refuse = () => {
  throw new ApiError("PERMISSION_DENIED");
};
const get = (path: string) => gateway.send("GET", path, { headers: admin });

describe("the admin's figures", () => {
  const dayBefore = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

  test("are put together from all services", async () => {
    const { stubs } = gateway.stubs;
    stubs.set("GetUserStats", () => ({
      usersByRole: { PATIENT: "3" },
      registrationsByDay: { [dayBefore(0)]: "2" },
    }));
    stubs.set("GetBookingStats", () => ({
      bookingsByStatus: { CONFIRMED: "1" },
      bookingsByDay: { [dayBefore(6)]: "1" },
    }));
    stubs.set("GetConsultationStats", () => ({ consultationsByStatus: { COMPLETED: "4" } }));
    stubs.set("GetPaymentStats", () => ({
      paymentsByStatus: { CAPTURED: "5" },
      revenue: [{ currencyCode: "USD", amountMinor: "100" }],
    }));
    const { status, json } = await get("/v1/admin/stats");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      usersByRole: { PATIENT: "3" },
      bookingsByStatus: { CONFIRMED: "1" },
      consultationsByStatus: { COMPLETED: "4" },
      paymentsByStatus: { CAPTURED: "5" },
      revenue: [{ currencyCode: "USD", amountMinor: "100" }],
      unavailable: [],
      readTime: expect.any(String),
    });
    const activity = json.activity as Record<string, unknown>[];
    expect(activity.map(({ date }) => date)).toEqual([0, 1, 2, 3, 4, 5, 6].map(dayBefore));
    expect(activity[0]).toEqual({
      date: dayBefore(0),
      registrations: "2",
      bookings: "0",
      consultations: "0",
    });
    expect(activity[6]).toMatchObject({ bookings: "1" });
  });

  test("name a service that is away, and show the rest", async () => {
    gateway.stubs.stubs.set("GetPaymentStats", away).set("GetUserStats", away);
    gateway.stubs.stubs.set("GetBookingStats", () => ({ bookingsByStatus: { CONFIRMED: "1" } }));
    const { status, json } = await get("/v1/admin/stats");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      unavailable: ["auth", "billing"],
      usersByRole: {},
      bookingsByStatus: { CONFIRMED: "1" },
    });
  });

  test("are shown to nobody while no service can tell who may see them", async () => {
    for (const name of ["GetUserStats", "GetBookingStats", "GetConsultationStats", "GetPaymentStats"]) {
      gateway.stubs.stubs.set(name, away);
    }
    expect((await get("/v1/admin/stats")).json).toMatchObject({ status: 503, reason: "UNAVAILABLE" });
  });

  test("are refused to whom a service refuses them", async () => {
    gateway.stubs.stubs.set("GetBookingStats", refuse).set("GetPaymentStats", away);
    expect((await get("/v1/admin/stats")).json).toMatchObject({ status: 403, reason: "PERMISSION_DENIED" });
  });

  test("are asked for with the caller's token", async () => {
    gateway.stubs.calls.length = 0;
    await get("/v1/admin/stats");
    expect(gateway.stubs.calls.map(({ metadata }) => metadata.authorization)).toEqual(
      Array(4).fill(admin.authorization),
    );
  });

  test("need a token", async () => {
    expect((await gateway.send("GET", "/v1/admin/stats")).status).toBe(401);
  });
});

describe("the admin's list of licences", () => {
  const doctorId = "01900000-0000-7000-8000-000000000001";
  const unknownId = "01900000-0000-7000-8000-000000000002";
  const licenses = [
    { id: "one", doctorId, status: "VERIFIED", verifiedName: "Dora" },
    { id: "two", doctorId, status: "PENDING" },
    { id: "three", doctorId: unknownId, status: "PENDING" },
  ];

  test("has the doctors' names and e-mails from one call to auth with the admin's token", async () => {
    const { stubs, calls } = gateway.stubs;
    stubs.set("ListLicenses", () => ({ licenses, nextPageToken: "more" }));
    stubs.set("ListUsers", () => ({
      users: [{ id: doctorId, fullName: "Dana", email: "dana@example.org" }],
    }));
    calls.length = 0;
    const { status, json } = await get("/v1/admin/licenses?awaitingDecision=true");
    expect(status).toBe(200);
    expect(json.nextPageToken).toBe("more");
    const [one, two, three] = json.licenses as object[];
    const shown = { doctorName: "Dana", doctorEmail: "dana@example.org" };
    expect([one, two]).toMatchObject([{ ...shown, verifiedName: "Dora" }, shown]);
    expect(Object.keys(three!)).not.toContain("doctorEmail");
    const asked = calls.map(({ request, metadata }) => [request, metadata.authorization]);
    expect(asked).toEqual([
      [expect.objectContaining({ awaitingDecision: true }), admin.authorization],
      [expect.objectContaining({ userIds: [doctorId, unknownId] }), admin.authorization],
    ]);
  });

  test("is empty without licences, and refused if a service refuses", async () => {
    gateway.stubs.stubs.set("ListLicenses", () => ({ licenses: [] })).set("ListUsers", refuse);
    expect((await get("/v1/admin/licenses")).json).toMatchObject({ licenses: [] });
    gateway.stubs.stubs.set("ListLicenses", () => ({ licenses }));
    expect((await get("/v1/admin/licenses")).json).toMatchObject({ status: 403 });
  });
});

describe("the audit trail", () => {
  const event = (id: string, occurTime: string) => ({ id, occurTime, service: "auth", outcome: "SUCCESS" });
  const trail = [
    event("e3", "2026-03-03T00:00:00Z"),
    event("e2", "2026-03-02T00:00:00Z"),
    event("e1", "2026-03-01T00:00:00Z"),
  ];

  /** A service's list: what is before `endTime`, as far as the page goes. Only auth has any. */
  const list = ({ request }: StubCall) => {
    const { endTime, pageSize } = request as { endTime?: string; pageSize: number };
    const found = trail.filter(({ occurTime }) => !endTime || occurTime < endTime);
    return { auditEvents: found.slice(0, pageSize) };
  };

  test("is read page by page, with the filters of the first", async () => {
    gateway.stubs.stubs.set("ListAuditEvents", list);
    const first = await get("/v1/admin/audit-events?service=auth&pageSize=2");
    expect((first.json.auditEvents as { id: string }[]).map(({ id }) => id)).toEqual(["e3", "e2"]);
    const next = `/v1/admin/audit-events?service=auth&pageToken=${first.json.nextPageToken}`;
    const second = await get(`${next}&pageSize=50`);
    expect((second.json.auditEvents as { id: string }[]).map(({ id }) => id)).toEqual(["e1"]);
    expect(second.json.nextPageToken).toBe("");
    expect((await get(`${next}&action=x`)).json).toMatchObject({ status: 400, reason: "INVALID_PAGE_TOKEN" });
  });

  test("is exported as lines of JSON, whose last one says how to go on", async () => {
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

  test("is exported ten thousand at a time", async () => {
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
  ])("does not know the token %s", async (token) => {
    expect((await get(`/v1/admin/audit-events?pageToken=${token}`)).json).toMatchObject({
      reason: "INVALID_PAGE_TOKEN",
    });
  });

  test("has no gaps: with a service away there is none", async () => {
    let asked = 0;
    gateway.stubs.stubs.set("ListAuditEvents", () => (asked++ === 2 ? away() : {}));
    expect((await get("/v1/admin/audit-events")).json).toMatchObject({ status: 503, reason: "UNAVAILABLE" });
  });

  test("a service's refusal is the answer", async () => {
    gateway.stubs.stubs.set("ListAuditEvents", refuse);
    expect((await get("/v1/admin/audit-events")).json).toMatchObject({ status: 403 });
  });

  test("asks only the service that is named, and none for a request that is wrong", async () => {
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
});

describe("the patient's access log", () => {
  const PATIENT_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
  const DOCTOR_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e22";
  const OTHER_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e23";
  const actors = [
    { userId: PATIENT_ID, displayName: "Pat", role: "PATIENT" },
    { userId: DOCTOR_ID, displayName: "Dora", role: "DOCTOR" },
    { userId: "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e24", displayName: "Ada", role: "ADMIN" },
  ];
  const adminId = actors[2]!.userId;
  const read = async () => {
    const headers = await gateway.signedIn("PATIENT", { userId: PATIENT_ID });
    return await gateway.send("GET", "/v1/users/me/access-log", { headers });
  };
  /** One event, which auth tells of. */
  const log = (actorId: string, grantId = "") => {
    let asked = 0;
    gateway.stubs.stubs.set("ListAccesses", () =>
      asked++ === 0
        ? {
            auditEvents: [
              { id: "e1", occurTime: "2026-03-03T00:00:00Z", actorId, subjectIds: [PATIENT_ID], grantId },
            ],
          }
        : {},
    );
    gateway.stubs.stubs.set("BatchGetActors", ({ request }) => ({
      actors: actors.filter(({ userId }) => (request.userIds as string[] | undefined)?.includes(userId)),
      grantReasons: grantId === "" ? {} : { [grantId]: "an emergency" },
    }));
  };

  test.each([
    ["the patient", PATIENT_ID, "", "Pat", "SELF"],
    ["a doctor", DOCTOR_ID, "", "Dora", "DOCTOR"],
    ["an admin", adminId, "", "Ada", "ADMINISTRATION"],
    ["an admin under a grant", adminId, OTHER_ID, "Ada", "BREAK_GLASS"],
    ["another service", "service:scheduling", "", "MedConnect (scheduling)", "SYSTEM"],
    ["a payment provider", "provider:stripe", "", "Payment provider (stripe)", "SYSTEM"],
    ["an internal system", "service-account:7", "", "An internal system", "SYSTEM"],
    // Such as a patient who takes over a slot that this one did not pay in time.
    ["somebody whom the patient may not know", OTHER_ID, "", "MedConnect", "SYSTEM"],
  ])("names %s", async (_who, actorId, grantId, actorName, relation) => {
    log(actorId, grantId);
    const { status, json } = await read();
    expect(status).toBe(200);
    const reason = grantId === "" ? "" : "an emergency";
    expect(json.entries).toEqual([expect.objectContaining({ id: "e1", actorName, relation, reason })]);
  });

  test.each(["ListAccesses", "BatchGetActors"])("has no gaps: with %s away there is none", async (name) => {
    log(DOCTOR_ID);
    gateway.stubs.stubs.set(name, away);
    expect((await read()).json).toMatchObject({ status: 503, reason: "UNAVAILABLE" });
  });
});
