import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { methodAt } from "@medconnect/platform/contract/methods.ts";
import { validate } from "@medconnect/platform/contract/validate.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import {
  BreakGlassServiceService,
  CreateBreakGlassGrantRequest,
  ListBreakGlassGrantsRequest,
} from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import { type User, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { disableUser } from "../admin/change-status.ts";
import { callStats, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { createBreakGlassGrant } from "./create-grant.ts";
import { getBreakGlassGrant, listBreakGlassGrants } from "./read-grants.ts";
import { revokeBreakGlassGrant } from "./revoke-grant.ts";

const REASON = "Found unconscious; allergies?";
const MINUTE_MS = 60_000;

let auth: TestAuth;
let patient: User;
let admin: UserCaller;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());
beforeEach(async () => {
  [patient, admin] = await Promise.all([auth.makeUser(), auth.signInAdmin()]);
});

const service = BreakGlassServiceService;
const create = (patientId = patient.id, by: UserCaller = admin, idempotencyKey = "") =>
  auth.call(
    service.createBreakGlassGrant,
    bound(createBreakGlassGrant, auth.app),
    { patientId, reason: REASON, idempotencyKey },
    by,
  );
const get = (grantId: string) =>
  auth.call(service.getBreakGlassGrant, bound(getBreakGlassGrant, auth.app), { grantId }, admin);
const revoke = (grantId: string, by: UserCaller = admin, idempotencyKey = "") =>
  auth.call(
    service.revokeBreakGlassGrant,
    bound(revokeBreakGlassGrant, auth.app),
    { grantId, idempotencyKey },
    by,
  );
const list = async (change: Partial<ListBreakGlassGrantsRequest>) =>
  await auth.call(
    service.listBreakGlassGrants,
    bound(listBreakGlassGrants, auth.app),
    ListBreakGlassGrantsRequest.fromPartial(change),
    admin,
  );
const disable = async (userId: string) =>
  auth.call(
    UserServiceService.disableUser,
    bound(disableUser, auth.app),
    { userId, idempotencyKey: "" },
    await auth.signInAdmin(),
  );

/** Events about a grant that auth sends to clinical. */
async function eventsOf(grantId: string) {
  const rows = await auth.app.db.read<{ payload: Buffer }>(
    "SELECT payload FROM outbox WHERE aggregateid = ? AND destination = 'clinical' ORDER BY create_time, id",
    [grantId],
  );
  return rows.map(({ payload }) => {
    const event = Event.decode(payload);
    return { type: event.type, version: event.version, ...stateOf(event, "breakGlass") };
  });
}

describe("an admin's open grants", () => {
  const LIMIT = 5;
  const tooMany = { reason: "TOO_MANY_GRANTS", metadata: { limit: `${LIMIT}` } };

  test("are at most five, also under concurrent calls; another may follow when one ends", async () => {
    const patients = await Promise.all(Array.from({ length: LIMIT + 3 }, () => auth.makeUser()));
    const made = await callStats(patients.map(({ id }) => create(id)));
    expect(made).toEqual({ ok: LIMIT, TOO_MANY_GRANTS: 3 });
    await expect(create()).rejects.toMatchObject(tooMany);
    const { grants } = await list({ adminId: admin.userId });
    await revoke(grants[0]!.id);
    await create();
    await expect(create()).rejects.toMatchObject(tooMany);
    auth.clock.advance(30 * MINUTE_MS);
    await create();
  });

  test("are counted per admin, and unlimited at limit 0", async () => {
    for (let i = 0; i < LIMIT; i++) await create();
    await create(patient.id, await auth.signInAdmin());
    const unlimited = { ...auth.app, breakGlassMaxOpen: 0 };
    const request = { patientId: patient.id, reason: REASON, idempotencyKey: "" };
    await auth.call(service.createBreakGlassGrant, bound(createBreakGlassGrant, unlimited), request, admin);
  });
});

test("the list leaves out a grant with an altered reason, and no other", async () => {
  const [altered, other] = [await create(), await create()];
  await auth.app.db.write("UPDATE break_glass_grants SET reason = 'x' WHERE id = ?", [binaryId(altered.id)]);
  expect((await list({ adminId: admin.userId })).grants).toEqual([other]);
});

describe("a grant's reason", () => {
  const asked = (reason: string) => {
    const request = CreateBreakGlassGrantRequest.encode({
      patientId: patient.id,
      reason,
      idempotencyKey: "",
    }).finish();
    return () => validate(methodAt(service.createBreakGlassGrant.path).input, request);
  };

  test.each([
    ["of 20 letters", "Found unconscious; KHZ"],
    ["of 20 letters with blanks between them", "F o u n d  u n c o n s c i o u s ,  o k !"],
    ["in another script", "意識不明で発見されました。アレルギーの確認が必要です"],
  ])("%s is accepted", (_case, reason) => {
    expect(asked(reason)).not.toThrow();
  });

  test.each([
    ["of 19 letters", "Found unconscious; KH"],
    ["of blanks", " ".repeat(30)],
    ["of two letters with blanks between them", `a${" ".repeat(40)}b`],
    ["of characters of no width", "\u200b".repeat(30)],
    ["of fillers", "\u3164".repeat(30)],
    ["of empty Braille", "\u2800".repeat(30)],
    ["of line breaks", "\n".repeat(30)],
  ])("%s is refused", (_case, reason) => {
    expect(asked(reason)).toThrow(expect.objectContaining({ reason: "INVALID_REQUEST" }));
  });

  test.each([
    ["one letter", "x".repeat(20)],
    ["one letter in both cases", "xX".repeat(20)],
    ["one word again and again", "urgent ".repeat(10)],
    ["seven characters", "abcdefg ".repeat(10)],
  ])("of %s is refused with an explanation", (_case, reason) => {
    const violations = [{ field: "reason", description: "must have 8 different visible characters" }];
    expect(asked(reason)).toThrow(expect.objectContaining({ reason: "INVALID_REQUEST", violations }));
  });
});

describe("a grant", () => {
  test("lasts half an hour, is audited for the patient, and reaches clinical without its reason", async () => {
    const createTime = auth.clock.now();
    const expireTime = new Date(createTime.getTime() + 30 * MINUTE_MS);
    const grant = await create();
    expect(grant).toEqual({
      id: grant.id,
      adminId: admin.userId,
      patientId: patient.id,
      reason: REASON,
      status: "ACTIVE",
      createTime,
      expireTime,
      revokeTime: undefined,
    });
    expect((await auth.auditOf(patient.id)).at(-1)).toBe("break_glass.grant SUCCESS");
    const parties = { adminId: admin.userId, patientId: patient.id };
    expect(await eventsOf(grant.id)).toEqual([
      { type: "break_glass.granted", version: 1, ...parties, endTime: expireTime },
    ]);
  });

  test("is refused for any user but a patient", async () => {
    const doctor = await auth.makeUser("DOCTOR");
    for (const id of [newId(), doctor.id, admin.userId]) {
      await expect(create(id)).rejects.toMatchObject({ reason: "NOT_FOUND" });
    }
  });

  test("is refused to a disabled admin whose token is still valid", async () => {
    await disable(admin.userId);
    await expect(create()).rejects.toMatchObject({ reason: "UNAUTHENTICATED" });
  });

  test("is made once by repeated calls with one key", async () => {
    const key = newId();
    const grants = await Promise.all(Array.from({ length: 10 }, () => create(patient.id, admin, key)));
    expect(new Set(grants.map(({ id }) => id)).size).toBe(1);
  });

  test("has an encrypted reason", async () => {
    const { id } = await create();
    const sql = "SELECT reason FROM break_glass_grants WHERE id = ?";
    const [row] = await auth.app.db.read<{ reason: Buffer }>(sql, [binaryId(id)]);
    expect(row!.reason.includes("unconscious")).toBe(false);
  });
});

describe("a grant's end", () => {
  test("comes at its expiry", async () => {
    const { id } = await create();
    auth.clock.advance(30 * MINUTE_MS - 1);
    expect((await get(id)).status).toBe("ACTIVE");
    auth.clock.advance(1);
    expect((await get(id)).status).toBe("EXPIRED");
    const reads = async () =>
      (await auth.auditOf(patient.id)).filter((line) => line === "break_glass.get SUCCESS").length;
    const before = await reads();
    expect(await revoke(id)).toMatchObject({ status: "EXPIRED", revokeTime: undefined });
    expect(await reads()).toBe(before + 1);
  });

  test("is revoked by any admin, once, and reaches clinical", async () => {
    const { id } = await create();
    auth.clock.advance(MINUTE_MS);
    const revokeTime = auth.clock.now();
    const other = await auth.signInAdmin();
    expect(await callStats(Array.from({ length: 10 }, () => revoke(id, other)))).toEqual({ ok: 10 });
    expect(await get(id)).toMatchObject({ status: "REVOKED", revokeTime });
    expect((await eventsOf(id)).slice(1)).toEqual([
      {
        type: "break_glass.revoked",
        version: 2,
        adminId: admin.userId,
        patientId: patient.id,
        endTime: revokeTime,
      },
    ]);
    await expect(revoke(newId())).rejects.toMatchObject({ reason: "NOT_FOUND" });
  });

  test("comes when its admin is disabled, and is audited for the patient", async () => {
    const grants = [await create(), await create()];
    await disable(admin.userId);
    for (const { id } of grants) {
      expect((await get(id)).status).toBe("REVOKED");
      expect((await eventsOf(id)).map(({ type }) => type)).toEqual([
        "break_glass.granted",
        "break_glass.revoked",
      ]);
    }
    expect(await auth.auditOf(patient.id)).toContain("break_glass.revoke SUCCESS");
  });
});

test("a replayed response is audited as a read of the grant", async () => {
  const [creating, revoking] = [newId(), newId()];
  const { id } = await create(patient.id, admin, creating);
  expect((await create(patient.id, admin, creating)).reason).toBe(REASON);
  for (let i = 0; i < 2; i++) expect((await revoke(id, admin, revoking)).reason).toBe(REASON);
  expect((await auth.auditOf(patient.id)).slice(-4)).toEqual([
    "break_glass.grant SUCCESS",
    "break_glass.get SUCCESS",
    "break_glass.revoke SUCCESS",
    "break_glass.get SUCCESS",
  ]);
});

describe("the list of grants", () => {
  test("shows all admins' grants once each, newest first, in pages", async () => {
    const made = [];
    for (let i = 0; i < 5; i++) {
      if (i % 2 === 0) auth.clock.advance(1000);
      made.push((await create(patient.id, await auth.signInAdmin())).id);
    }
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await list({ pageSize: 2, pageToken, patientId: patient.id });
      seen.push(...page.grants.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken);
    expect(seen).toEqual(made.toReversed());
  });

  test("is filtered by admin, patient and status", async () => {
    const own = await create();
    const ended = await create();
    await revoke(ended.id);
    const idsOf = async (change: Partial<ListBreakGlassGrantsRequest>) =>
      (await list(change)).grants.map(({ id }) => id);
    expect((await idsOf({ adminId: admin.userId })).toSorted()).toEqual([own.id, ended.id].toSorted());
    expect(await idsOf({ patientId: patient.id, status: "ACTIVE" })).toEqual([own.id]);
    expect(await idsOf({ patientId: patient.id, status: "REVOKED" })).toEqual([ended.id]);
    expect(await idsOf({ patientId: newId() })).toEqual([]);
  });

  test("audits the reads of grants for their patients", async () => {
    await create();
    await list({ patientId: patient.id });
    expect((await auth.auditOf(patient.id)).at(-1)).toBe("break_glass.list SUCCESS");
  });
});
