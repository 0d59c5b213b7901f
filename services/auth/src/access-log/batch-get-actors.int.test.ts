import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import {
  ActorServiceService,
  type BatchGetActorsRequest,
} from "@medconnect/proto/medconnect/auth/v1/actor_service.ts";
import { BreakGlassServiceService } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { createBreakGlassGrant } from "../break-glass/create-grant.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { batchGetActors } from "./batch-get-actors.ts";

const REASON = "Found unconscious; allergies?";

let auth: TestAuth;
let patient: User;
let otherPatient: User;
let doctor: User;
let admin: UserCaller;
beforeAll(async () => {
  auth = await startTestAuth();
  [patient, otherPatient, doctor, admin] = await Promise.all([
    auth.makeUser(),
    auth.makeUser(),
    auth.makeUser("DOCTOR"),
    auth.signInAdmin(),
  ]);
});
afterAll(() => auth.close());

const ask = (request: Partial<BatchGetActorsRequest>) =>
  auth.call(
    ActorServiceService.batchGetActors,
    bound(batchGetActors, auth.app),
    { userIds: [], grantIds: [], patientId: patient.id, ...request },
    { kind: "service", name: "gateway" },
  );

const grant = async ({ id: patientId }: User) => {
  const request = { patientId, reason: REASON, idempotencyKey: "" };
  const method = BreakGlassServiceService.createBreakGlassGrant;
  return (await auth.call(method, bound(createBreakGlassGrant, auth.app), request, admin)).id;
};

test("names doctors, admins and the patient, and leaves out other patients and unknown users", async () => {
  const userIds = [patient.id, doctor.id, admin.userId, otherPatient.id, newId()];
  const { actors } = await ask({ userIds });
  const byRole = actors.toSorted((a, b) => (a.role < b.role ? -1 : 1));
  expect(byRole).toEqual([
    { userId: admin.userId, displayName: "Ada Min", role: "ADMIN" },
    { userId: doctor.id, displayName: doctor.fullName, role: "DOCTOR" },
    { userId: patient.id, displayName: patient.fullName, role: "PATIENT" },
  ]);
});

test("shows a grant's reason only to the patient whose records it is for", async () => {
  const [own, other] = [await grant(patient), await grant(otherPatient)];
  expect(await ask({ grantIds: [own, other, newId()] })).toEqual({
    actors: [],
    grantReasons: { [own]: REASON },
  });
});

test("leaves out an altered reason", async () => {
  const [altered, own] = [await grant(patient), await grant(patient)];
  await auth.app.db.write("UPDATE break_glass_grants SET reason = 'x' WHERE id = ?", [binaryId(altered)]);
  expect(await ask({ grantIds: [altered, own] })).toEqual({ actors: [], grantReasons: { [own]: REASON } });
});

const lines = async (): Promise<{ actorId: string; subjectIds: string[] }[]> =>
  await auth.app.db.read(
    `SELECT actor_id AS actorId, subject_ids AS subjectIds FROM audit_events
     WHERE action = 'actor.batch_get' AND resource = ? ORDER BY occur_time, id`,
    [`access-logs/${patient.id}`],
  );

test("audits nothing for an empty request, or for the patient alone", async () => {
  const before = await lines();
  expect(await ask({})).toEqual({ actors: [], grantReasons: {} });
  expect((await ask({ userIds: [patient.id] })).actors).toHaveLength(1);
  expect(await lines()).toEqual(before);
});

test("audits each other user that it names", async () => {
  const before = await lines();
  await ask({ userIds: [patient.id, doctor.id, admin.userId, otherPatient.id] });
  const added = (await lines()).slice(before.length);
  expect(added.every(({ actorId }) => actorId === "service:gateway")).toBe(true);
  expect(added.map(({ subjectIds }) => subjectIds).toSorted()).toEqual(
    [[doctor.id], [admin.userId]].toSorted(),
  );
});
