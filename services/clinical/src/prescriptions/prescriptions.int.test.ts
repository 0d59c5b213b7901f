import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  CreatePrescriptionRequest,
  ListDoctorPrescriptionsRequest,
  ListPrescriptionsRequest,
  Prescription,
  PrescriptionServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { createPrescription } from "./create-prescription.ts";
import { cancelPrescription, stopPrescription } from "./end-prescription.ts";
import { listDoctorPrescriptions } from "./list-doctor-prescriptions.ts";
import { getPrescription, listPrescriptions } from "./read-prescriptions.ts";
import { stopOrderedPrescriptions } from "./stop-ordered-prescriptions.ts";

let clinical: ClinicalTest;
let doctor: Caller & { userId: string };
let patient: Caller & { userId: string };

beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

beforeEach(() => {
  doctor = userCaller("DOCTOR");
  patient = userCaller("PATIENT");
});

const ITEM = {
  medication: "amoxicillin",
  dosage: "500 mg",
  frequency: "three times a day",
  durationDays: 7,
  refills: 1,
};

const begin = () => clinical.started(patient, doctor);
const complete = () => clinical.completed(patient, doctor, "flu");

const prescribe = (
  consultationId: string,
  by: Caller = doctor,
  over: Partial<CreatePrescriptionRequest> = {},
) =>
  invoke(
    PrescriptionServiceService.createPrescription,
    bound(createPrescription, clinical.app),
    by,
    CreatePrescriptionRequest.fromPartial({
      consultationId,
      content: "take with food",
      items: [ITEM],
      idempotencyKey: newId(),
      ...over,
    }),
  );

const read = async (prescriptionId: string, by: Caller) =>
  (
    await invoke(PrescriptionServiceService.getPrescription, bound(getPrescription, clinical.app), by, {
      prescriptionId,
    })
  ).response;

const list = async (by: Caller, request: Partial<ListPrescriptionsRequest>) =>
  (
    await invoke(
      PrescriptionServiceService.listPrescriptions,
      bound(listPrescriptions, clinical.app),
      by,
      ListPrescriptionsRequest.fromPartial(request),
    )
  ).response;

test("a doctor prescribes after the consultation; patient and doctor read it, and that is audited", async () => {
  const consultationId = await complete();
  const issueTime = clinical.app.clock.now();
  const { response: made } = await prescribe(consultationId);
  expect(made).toMatchObject({
    consultationId,
    patientId: patient.userId,
    doctorId: doctor.userId,
    status: "ACTIVE",
    content: "take with food",
    items: [ITEM],
    issueTime,
    expireTime: new Date(issueTime.getTime() + clinical.app.prescriptionValidityMs),
  });
  expect(await read(made.id, patient)).toEqual(made);
  expect(await read(made.id, doctor)).toEqual(made);
  expect(await clinical.auditEntries(`prescriptions/${made.id}`)).toEqual([
    {
      action: "prescription.create",
      actorId: doctor.userId,
      subjectIds: [patient.userId, doctor.userId],
    },
    { action: "prescription.get", actorId: patient.userId, subjectIds: [patient.userId] },
    { action: "prescription.get", actorId: doctor.userId, subjectIds: [patient.userId] },
  ]);
});

test("prescribing is refused before the consultation is completed; then the same key succeeds", async () => {
  const consultationId = await begin();
  const early = () => prescribe(consultationId, doctor, { idempotencyKey: `early ${consultationId}` });
  await expect(early()).rejects.toMatchObject({ reason: "CONSULTATION_NOT_COMPLETED" });
  await clinical.complete(consultationId, doctor, "flu");
  expect((await early()).replayed).toBe(false);
  expect((await early()).replayed).toBe(true);
});

test("the same key many times at once makes one prescription", async () => {
  const consultationId = await complete();
  const idempotencyKey = newId();
  const results = await Promise.all(
    Array.from({ length: 20 }, () => prescribe(consultationId, doctor, { idempotencyKey })),
  );
  expect(new Set(results.map(({ response }) => response.id)).size).toBe(1);
  expect((await list(doctor, { consultationId })).prescriptions).toHaveLength(1);
  await expect(
    prescribe(consultationId, doctor, { idempotencyKey, content: "something else" }),
  ).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
});

test("an answer that is given again is in the audit trail as a read, as it shows the prescription", async () => {
  const consultationId = await complete();
  const idempotencyKey = newId();
  const { response: made } = await prescribe(consultationId, doctor, { idempotencyKey });
  expect((await prescribe(consultationId, doctor, { idempotencyKey })).replayed).toBe(true);
  expect(await clinical.auditEntries(`prescriptions/${made.id}`)).toEqual([
    { action: "prescription.create", actorId: doctor.userId, subjectIds: [patient.userId, doctor.userId] },
    { action: "prescription.get", actorId: doctor.userId, subjectIds: [patient.userId] },
  ]);
});

test("only the consultation's own doctor prescribes, and only its patient and doctor read", async () => {
  const consultationId = await complete();
  const hidden = { reason: "NOT_FOUND", isDenial: true };
  await expect(prescribe(consultationId, userCaller("DOCTOR"))).rejects.toMatchObject(hidden);
  await expect(prescribe(newId())).rejects.toMatchObject({ reason: "NOT_FOUND", isDenial: false });
  const { response: made } = await prescribe(consultationId);
  for (const other of [userCaller("PATIENT"), userCaller("DOCTOR")]) {
    await expect(read(made.id, other)).rejects.toMatchObject(hidden);
    expect((await list(other, { consultationId })).prescriptions).toEqual([]);
  }
});

test("a prescription reads as expired once its time is over", async () => {
  const { response: made } = await prescribe(await complete());
  clinical.app.clock.advance(clinical.app.prescriptionValidityMs - 1);
  expect((await read(made.id, patient)).status).toBe("ACTIVE");
  clinical.app.clock.advance(1);
  expect((await read(made.id, patient)).status).toBe("EXPIRED");
});

test("prescriptions are listed page by page, newest first, none lost and none twice", async () => {
  const consultationId = await complete();
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push((await prescribe(consultationId)).response.id);
  const other = (await prescribe(await complete())).response.id;
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await list(patient, { pageSize: 2, pageToken });
    seen.push(...page.prescriptions.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  expect(seen).toEqual([...ids, other].reverse());
  const ofOne = await list(patient, { consultationId });
  expect(ofOne.prescriptions.map(({ id }) => id)).toEqual(ids.reverse());
});

test("a list shows no content and no items", async () => {
  const consultationId = await complete();
  const { response: made } = await prescribe(consultationId);
  const { prescriptions } = await list(patient, { consultationId });
  expect(prescriptions).toEqual([{ ...made, content: undefined, items: [] }]);
});

describe.each([
  ["cancelled", "CANCELLED", cancelPrescription, "prescription.cancel"],
  ["stopped", "STOPPED", stopPrescription, "prescription.stop"],
] as const)("a prescription that is %s", (_, status, useCase, action) => {
  const method =
    status === "CANCELLED"
      ? PrescriptionServiceService.cancelPrescription
      : PrescriptionServiceService.stopPrescription;
  const end = async (prescriptionId: string, by: Caller, reason = "a rash") =>
    (await invoke(method, bound(useCase, clinical.app), by, { prescriptionId, reason, idempotencyKey: "" }))
      .response;
  const grantTo = async (adminId: string) => {
    const endTime = new Date(clinical.app.clock.now().getTime() + 30 * MINUTE_MS);
    const breakGlass = { adminId, patientId: patient.userId, endTime };
    const aggregateId = newId();
    await clinical.deliver("auth", {
      type: "break_glass.granted",
      aggregateId,
      version: 1,
      state: { $case: "breakGlass", value: breakGlass },
    });
    return aggregateId;
  };

  test("by its doctor shows the patient reason and time, and a repeat changes nothing", async () => {
    const { response: made } = await prescribe(await complete());
    clinical.app.clock.advance(MINUTE_MS);
    const endTime = clinical.app.clock.now();
    const ended = await end(made.id, doctor);
    expect(ended).toEqual({ ...made, status, endReason: "a rash", endTime });
    clinical.app.clock.advance(MINUTE_MS);
    expect(await end(made.id, doctor)).toEqual(ended);
    await expect(end(made.id, doctor, "something else")).rejects.toMatchObject({
      reason: "ILLEGAL_TRANSITION",
    });
    expect(await read(made.id, patient)).toEqual(ended);
    const both = [patient.userId, doctor.userId];
    expect((await clinical.auditEntries(`prescriptions/${made.id}`)).slice(1)).toEqual([
      { action, actorId: doctor.userId, subjectIds: both },
      { action: "prescription.get", actorId: doctor.userId, subjectIds: [patient.userId] },
      { action: "prescription.get", actorId: patient.userId, subjectIds: [patient.userId] },
    ]);
    const [row] = await clinical.app.db.read<{ endReason: Buffer }>(
      "SELECT end_reason AS endReason FROM prescriptions WHERE id = ?",
      [binaryId(made.id)],
    );
    expect(row!.endReason.includes("rash")).toBe(false);
  });

  test("by its doctor works although a text was planted as the reason of its end", async () => {
    const { response: made } = await prescribe(await complete());
    await clinical.app.db.write("UPDATE prescriptions SET end_reason = 'x' WHERE id = ?", [
      binaryId(made.id),
    ]);
    expect(await end(made.id, doctor)).toMatchObject({ status, endReason: "a rash" });
  });

  test("by an admin is audited with its grant, and refused without one", async () => {
    const { response: made } = await prescribe(await complete());
    const admin = userCaller("ADMIN");
    const required = { reason: "BREAK_GLASS_REQUIRED" };
    await expect(end(made.id, admin)).rejects.toMatchObject(required);
    await expect(end(newId(), admin)).rejects.toMatchObject(required);
    const grantId = await grantTo(admin.userId);
    expect(await end(made.id, admin)).toMatchObject({ status, content: "take with food" });
    const [line] = await clinical.app.db.read(
      `SELECT action, actor_id AS actorId, grant_id AS grantId FROM audit_events WHERE resource = ?
       ORDER BY id DESC LIMIT 1`,
      [`prescriptions/${made.id}`],
    );
    expect(line).toEqual({ action, actorId: admin.userId, grantId: grantId });
    await expect(end(made.id, doctor)).rejects.toMatchObject({ reason: "ILLEGAL_TRANSITION" });
  });

  test("by others is not found, and an expired one stays expired", async () => {
    const { response: made } = await prescribe(await complete());
    const hidden = { reason: "NOT_FOUND", isDenial: true };
    await expect(end(made.id, userCaller("DOCTOR"))).rejects.toMatchObject(hidden);
    await expect(end(newId(), doctor)).rejects.toMatchObject({ reason: "NOT_FOUND", isDenial: false });
    clinical.app.clock.advance(clinical.app.prescriptionValidityMs);
    await expect(end(made.id, doctor)).rejects.toMatchObject({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current: "EXPIRED" },
    });
  });

  test("by concurrent calls ends once", async () => {
    const { response: made } = await prescribe(await complete());
    const ended = await Promise.all(Array.from({ length: 10 }, () => end(made.id, doctor)));
    expect(new Set(ended.map(({ endTime }) => endTime?.getTime())).size).toBe(1);
    const auditEntries = await clinical.auditEntries(`prescriptions/${made.id}`);
    expect(auditEntries.filter((line) => line.action === action)).toHaveLength(1);
  });
});

describe("an admin's list of a doctor's prescriptions", () => {
  const admin = userCaller("ADMIN");
  const listOf = async (doctorId: string, page: { pageSize?: number; pageToken?: string } = {}) =>
    (
      await invoke(
        PrescriptionServiceService.listDoctorPrescriptions,
        bound(listDoctorPrescriptions, clinical.app),
        admin,
        ListDoctorPrescriptionsRequest.fromPartial({ doctorId, ...page }),
      )
    ).response;
  const introduce = () =>
    clinical.deliver("auth", {
      type: "user.created",
      aggregateId: doctor.userId,
      version: 1,
      state: { $case: "user", value: { fullName: "Dr. Bo", role: "DOCTOR" } },
    });

  test("needs no grant, shows no content, and is in the access log of each patient shown", async () => {
    await introduce();
    const { response: made } = await prescribe(await complete());
    const { prescriptions } = await listOf(doctor.userId);
    const { id, patientId, doctorId, status, issueTime, expireTime } = made;
    expect(prescriptions).toEqual([
      Prescription.fromPartial({ id, patientId, doctorId, status, issueTime, expireTime }),
    ]);
    expect((await clinical.auditEntries(`prescriptions/${made.id}`)).at(-1)).toEqual({
      action: "prescription.list_of_doctor",
      actorId: admin.userId,
      subjectIds: [patient.userId],
    });
  });

  test("is paged, newest first; an empty list is audited, too", async () => {
    await introduce();
    expect((await listOf(doctor.userId)).prescriptions).toEqual([]);
    expect(await clinical.auditEntries(`doctors/${doctor.userId}/prescriptions`)).toEqual([
      {
        action: "prescription.list_of_doctor",
        actorId: admin.userId,
        subjectIds: [doctor.userId],
      },
    ]);
    const consultationId = await complete();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await prescribe(consultationId)).response.id);
    const first = await listOf(doctor.userId, { pageSize: 2 });
    const rest = await listOf(doctor.userId, { pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.prescriptions, ...rest.prescriptions].map(({ id }) => id)).toEqual(ids.toReversed());
    const other = listOf(newId(), { pageToken: first.nextPageToken });
    await expect(other).rejects.toMatchObject({ reason: "INVALID_PAGE_TOKEN" });
  });

  test("of an unknown user is not found", async () => {
    await expect(listOf(newId())).rejects.toMatchObject({ reason: "NOT_FOUND" });
  });

  test.each(["PATIENT", "ADMIN"])("of a user with the role %s is not found", async (role) => {
    const aggregateId = newId();
    const user = { fullName: "Pat", role };
    await clinical.deliver("auth", {
      type: "user.created",
      aggregateId,
      version: 1,
      state: { $case: "user", value: user },
    });
    await expect(listOf(aggregateId)).rejects.toMatchObject({ reason: "NOT_FOUND" });
  });
});

test("what is prescribed lies encrypted in the database", async () => {
  const { response: made } = await prescribe(await complete());
  const [row] = await clinical.app.db.read<{ content: Buffer; items: Buffer }>(
    "SELECT content, items FROM prescriptions WHERE id = ?",
    [binaryId(made.id)],
  );
  expect(row!.content.includes("food")).toBe(false);
  expect(row!.items.includes("amoxicillin")).toBe(false);
});

test("a doctor prescribes only with a verified licence that is valid", async () => {
  const consultationId = await complete();
  const { deliver, licensed } = clinical;
  await deliver("scheduling", licensed(doctor, "", 2));
  const key = newId();
  const refused = prescribe(consultationId, doctor, { idempotencyKey: key });
  await expect(refused).rejects.toMatchObject({ reason: "LICENSE_NOT_VERIFIED" });
  await deliver("scheduling", licensed(doctor, "2999-12-31", 3));
  expect((await prescribe(consultationId, doctor, { idempotencyKey: key })).response.status).toBe("ACTIVE");
});

test("an older event about a doctor's licence changes nothing", async () => {
  const consultationId = await complete();
  const { deliver, licensed } = clinical;
  await deliver("scheduling", licensed(doctor, "", 5));
  await deliver("scheduling", licensed(doctor, "9999-12-31", 4));
  await expect(prescribe(consultationId)).rejects.toMatchObject({ reason: "LICENSE_NOT_VERIFIED" });
});

describe("prescriptions of a doctor whose licence was revoked with an order to stop them", () => {
  const admin = userCaller("ADMIN");
  const order = (version: number) =>
    clinical.deliver(
      "scheduling",
      clinical.licensed(doctor, "", version, {
        prescriptionsStopTime: clinical.app.clock.now(),
        prescriptionsStoppedBy: admin.userId,
      }),
    );
  const statusOf = async (id: string) => (await read(id, patient)).status;

  test("are stopped, except those of others and later ones", async () => {
    const consultationId = await complete();
    const { response: active } = await prescribe(consultationId);
    const { response: cancelled } = await prescribe(consultationId);
    await invoke(
      PrescriptionServiceService.cancelPrescription,
      bound(cancelPrescription, clinical.app),
      doctor,
      {
        prescriptionId: cancelled.id,
        reason: "Wrong patient",
        idempotencyKey: "",
      },
    );
    const stopped = doctor;
    doctor = userCaller("DOCTOR");
    const { response: others } = await prescribe(await complete());
    doctor = stopped;
    await order(2);
    clinical.app.clock.advance(1);
    await clinical.deliver("scheduling", clinical.licensed(doctor, "9999-12-31", 3, {}));
    const { response: later } = await prescribe(consultationId);
    await order(4);
    await clinical.app.db.write("UPDATE prescriptions SET issue_time = ? WHERE id = ?", [
      new Date(clinical.app.clock.now().getTime() + 1),
      binaryId(later.id),
    ]);
    await stopOrderedPrescriptions(clinical.app)();
    const statuses = [];
    for (const { id } of [active, cancelled, others, later]) statuses.push(await statusOf(id));
    expect(statuses).toEqual(["STOPPED", "CANCELLED", "ACTIVE", "ACTIVE"]);
    expect(await read(active.id, patient)).toMatchObject({
      endReason: "The doctor's licence was revoked.",
      endTime: clinical.app.clock.now(),
    });
  });

  test.each([
    ["STOPPED", "has lost the last licence", ""],
    ["ACTIVE", "keeps another licence", "9999-12-31"],
  ])("issued before the order arrived are %s when the doctor %s", async (status, _, until) => {
    const consultationId = await complete();
    const stopTime = { prescriptionsStopTime: clinical.app.clock.now() };
    clinical.app.clock.advance(MINUTE_MS);
    const { response: issued } = await prescribe(consultationId);
    clinical.app.clock.advance(MINUTE_MS);
    const stop = { ...stopTime, prescriptionsStoppedBy: admin.userId };
    await clinical.deliver("scheduling", clinical.licensed(doctor, until, 2, stop));
    await stopOrderedPrescriptions(clinical.app)();
    expect(await statusOf(issued.id)).toBe(status);
  });

  /**
   * A revocation and a new licence reach clinical late, in an order of delivery. One prescription was issued
   * before the revocation, one between that and its arrival, one after the new licence arrived.
   */
  async function stopAroundNewLicence(
    deliveries: "revoked, licensed" | "licensed, revoked" | "licensed alone",
  ) {
    const consultationId = await complete();
    const issue = async () => {
      clinical.app.clock.advance(MINUTE_MS);
      return (await prescribe(consultationId)).response.id;
    };
    const before = await issue();
    const stop = {
      prescriptionsStopTime: clinical.app.clock.now(),
      prescriptionsStoppedBy: admin.userId,
    };
    const between = await issue();
    const events = {
      revoked: clinical.licensed(doctor, "", 2, stop),
      licensed: clinical.licensed(doctor, "9999-12-31", 3, stop),
      "licensed alone": clinical.licensed(doctor, "9999-12-31", 3, stop),
    };
    for (const event of deliveries.split(", ") as (keyof typeof events)[])
      await clinical.deliver("scheduling", events[event]);
    const after = await issue();
    await stopOrderedPrescriptions(clinical.app)();
    return [await statusOf(before), await statusOf(between), await statusOf(after)];
  }

  test.each([
    // Issued by a doctor after the event of their last licence's loss.
    ["revoked, licensed", ["STOPPED", "STOPPED", "ACTIVE"]],
    // Clinical knows only a licensed doctor and an order.
    ["licensed, revoked", ["STOPPED", "ACTIVE", "ACTIVE"]],
    ["licensed alone", ["STOPPED", "ACTIVE", "ACTIVE"]],
  ] as const)(
    "are stopped up to the order, where the doctor is licensed again: %s",
    async (order, statuses) => {
      expect(await stopAroundNewLicence(order)).toEqual(statuses);
    },
  );

  test("leave one line with the admin's name for each patient, even if stopped again", async () => {
    const { response: one } = await prescribe(await complete());
    await order(2);
    await Promise.all([stopOrderedPrescriptions(clinical.app)(), stopOrderedPrescriptions(clinical.app)()]);
    const lines = await clinical.app.db.read(
      "SELECT action, actor_id AS actorId FROM audit_events WHERE resource = ? AND action = 'prescription.stop' AND ? MEMBER OF (subject_ids)",
      [`prescriptions/${one.id}`, patient.userId],
    );
    expect(lines).toEqual([{ action: "prescription.stop", actorId: admin.userId }]);
  });

  test("are stopped in batches, until a minute after the order", async () => {
    const consultationId = await complete();
    for (let i = 0; i < 105; i++) await prescribe(consultationId);
    await order(2);
    await stopOrderedPrescriptions(clinical.app)();
    const left = "SELECT 1 FROM prescriptions WHERE doctor_id = ? AND status = 'ACTIVE'";
    expect(await clinical.app.db.read(left, [binaryId(doctor.userId)])).toEqual([]);
    const open = async () => {
      const sql = "SELECT 1 FROM doctors WHERE doctor_id = ? AND stop_received_time IS NOT NULL";
      return (await clinical.app.db.read(sql, [binaryId(doctor.userId)])).length;
    };
    expect(await open()).toBe(1);
    clinical.app.clock.advance(MINUTE_MS + 1);
    await stopOrderedPrescriptions(clinical.app)();
    expect(await open()).toBe(0);
  });
});
