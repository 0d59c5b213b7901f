import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import type { CreatePrescriptionRequest } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { type ClinicalTest, startClinical } from "../testing/clinical-fixture.ts";
import { ITEM, prescriptionsOn } from "../testing/prescriptions.ts";

let clinical: ClinicalTest;
let prescriptions: ReturnType<typeof prescriptionsOn>;
let doctor: Caller & { userId: string };
let patient: Caller & { userId: string };

beforeAll(async () => {
  clinical = await startClinical();
  prescriptions = prescriptionsOn(clinical);
});
afterAll(() => clinical.app.close());

beforeEach(() => {
  doctor = userCaller("DOCTOR");
  patient = userCaller("PATIENT");
});

const complete = () => clinical.completed(patient, doctor, "flu");
const prescribe = (
  consultationId: string,
  by: Caller = doctor,
  over: Partial<CreatePrescriptionRequest> = {},
) => prescriptions.prescribe(consultationId, by, over);

test("a doctor prescribes after the consultation; the reads of patient and doctor are audited", async () => {
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
  expect(await prescriptions.read(made.id, patient)).toEqual(made);
  expect(await prescriptions.read(made.id, doctor)).toEqual(made);
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

test("a prescription is refused until the consultation is completed; then the same key succeeds", async () => {
  const consultationId = await clinical.started(patient, doctor);
  const early = () => prescribe(consultationId, doctor, { idempotencyKey: `early ${consultationId}` });
  await expect(early()).rejects.toMatchObject({ reason: "CONSULTATION_NOT_COMPLETED" });
  await clinical.complete(consultationId, doctor, "flu");
  expect((await early()).replayed).toBe(false);
  expect((await early()).replayed).toBe(true);
});

test("concurrent calls with the same key make one prescription", async () => {
  const consultationId = await complete();
  const idempotencyKey = newId();
  const results = await Promise.all(
    Array.from({ length: 20 }, () => prescribe(consultationId, doctor, { idempotencyKey })),
  );
  expect(new Set(results.map(({ response }) => response.id)).size).toBe(1);
  expect((await prescriptions.list(doctor, { consultationId })).prescriptions).toHaveLength(1);
  await expect(
    prescribe(consultationId, doctor, { idempotencyKey, content: "something else" }),
  ).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
});

test("a replayed response is audited as a read, because it shows the prescription", async () => {
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
    await expect(prescriptions.read(made.id, other)).rejects.toMatchObject(hidden);
    expect((await prescriptions.list(other, { consultationId })).prescriptions).toEqual([]);
  }
});

test("a prescription reads as expired from its expiry on", async () => {
  const { response: made } = await prescribe(await complete());
  clinical.app.clock.advance(clinical.app.prescriptionValidityMs - 1);
  expect((await prescriptions.read(made.id, patient)).status).toBe("ACTIVE");
  clinical.app.clock.advance(1);
  expect((await prescriptions.read(made.id, patient)).status).toBe("EXPIRED");
});

test("lists are paged, newest first, with each prescription once", async () => {
  const consultationId = await complete();
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push((await prescribe(consultationId)).response.id);
  const other = (await prescribe(await complete())).response.id;
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await prescriptions.list(patient, { pageSize: 2, pageToken });
    seen.push(...page.prescriptions.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  expect(seen).toEqual([...ids, other].reverse());
  const ofOne = await prescriptions.list(patient, { consultationId });
  expect(ofOne.prescriptions.map(({ id }) => id)).toEqual(ids.reverse());
});

test("a list shows no content and no items", async () => {
  const consultationId = await complete();
  const { response: made } = await prescribe(consultationId);
  const listed = await prescriptions.list(patient, { consultationId });
  expect(listed.prescriptions).toEqual([{ ...made, content: undefined, items: [] }]);
});

test("the database stores content and items encrypted", async () => {
  const { response: made } = await prescribe(await complete());
  const [row] = await clinical.app.db.read<{ content: Buffer; items: Buffer }>(
    "SELECT content, items FROM prescriptions WHERE id = ?",
    [binaryId(made.id)],
  );
  expect(row!.content.includes("food")).toBe(false);
  expect(row!.items.includes("amoxicillin")).toBe(false);
});

test("a doctor without a verified licence cannot prescribe", async () => {
  const consultationId = await complete();
  const { deliver, licensed } = clinical;
  await deliver("scheduling", licensed(doctor, "", 2));
  const key = newId();
  const refused = prescribe(consultationId, doctor, { idempotencyKey: key });
  await expect(refused).rejects.toMatchObject({ reason: "LICENSE_NOT_VERIFIED" });
  await deliver("scheduling", licensed(doctor, "2999-12-31", 3));
  expect((await prescribe(consultationId, doctor, { idempotencyKey: key })).response.status).toBe("ACTIVE");
});

test("an older event about a doctor's licence is skipped", async () => {
  const consultationId = await complete();
  const { deliver, licensed } = clinical;
  await deliver("scheduling", licensed(doctor, "", 5));
  await deliver("scheduling", licensed(doctor, "9999-12-31", 4));
  await expect(prescribe(consultationId)).rejects.toMatchObject({ reason: "LICENSE_NOT_VERIFIED" });
});
