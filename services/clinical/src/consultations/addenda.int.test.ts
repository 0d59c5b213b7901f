import { getOption } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { messageNamed } from "@medconnect/platform/contract/registry.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { heldBytes } from "@medconnect/platform/testing/held-memory.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { total_bytes } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import {
  ConsultationServiceService,
  ListConsultationsRequest,
  ListConsultationsResponse,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { insertAddendum } from "./addendum-store.ts";
import { listConsultations } from "./read-consultations.ts";

const NOTES = "flu; rest";

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

const start = () => clinical.started(patient, doctor);
const complete = () => clinical.completed(patient, doctor, NOTES);

const rowsOf = (consultationId: string) =>
  clinical.app.db.read<{ id: string; text: Buffer }>(
    "SELECT id, text FROM addenda WHERE consultation_id = ? ORDER BY id",
    [binaryId(consultationId)],
  );

test("a doctor adds addenda to a completed consultation, which patient and doctor read in order", async () => {
  const consultationId = await complete();
  const createTime = clinical.app.clock.now();
  const first = await clinical.add(consultationId, doctor, "the culture is negative");
  expect(first).toEqual({ id: first.id, consultationId, text: "the culture is negative", createTime });
  clinical.app.clock.advance(MINUTE_MS);
  const second = await clinical.add(consultationId, doctor, "no allergy after all");
  for (const reader of [patient, doctor]) {
    const read = await clinical.read(consultationId, reader);
    expect(read).toMatchObject({ status: "COMPLETED", notes: NOTES, addenda: [first, second] });
  }
  expect(await clinical.auditEntries(`consultations/${consultationId}/addenda/${first.id}`)).toEqual([
    { action: "addendum.create", actorId: doctor.userId, subjectIds: [patient.userId, doctor.userId] },
  ]);
});

test("addenda are read in the order of their times, even if the clocks of instances differ", async () => {
  // Along this index, addenda are read in the right order by chance. Without the index, only ORDER BY puts
  // them in the right order.
  await clinical.app.db.write("ALTER TABLE addenda ALTER INDEX addenda_by_consultation INVISIBLE");
  const consultationId = await complete();
  const second = await clinical.add(consultationId, doctor, "added last");
  clinical.app.clock.advance(-MINUTE_MS);
  const first = await clinical.add(consultationId, doctor, "added before it");
  expect((await clinical.read(consultationId, patient)).addenda).toEqual([first, second]);
});

test("a repeated completion shows the addenda; a list omits them, with the same ETag", async () => {
  const [first, second] = [await complete(), await complete()];
  await start();
  const a = await clinical.add(first, doctor, "a");
  await clinical.add(second, doctor, "b");
  const { response } = await invoke(
    ConsultationServiceService.listConsultations,
    bound(listConsultations, clinical.app),
    patient,
    ListConsultationsRequest.fromPartial({}),
  );
  expect((await clinical.complete(first, doctor, NOTES)).addenda).toEqual([a]);
  for (const listed of response.consultations) {
    const shown = await clinical.read(listed.id, patient);
    expect(listed).toEqual({ ...shown, notes: undefined, addenda: [] });
  }
});

test("each addendum changes the ETag of the consultation", async () => {
  const consultationId = await complete();
  const etags = [(await clinical.read(consultationId, patient)).etag];
  for (const text of ["a", "b"]) {
    await clinical.add(consultationId, doctor, text);
    etags.push((await clinical.read(consultationId, patient)).etag);
  }
  expect(new Set(etags).size).toBe(3);
});

test("an addendum is refused before the completion, and after an abandonment", async () => {
  const started = await start();
  const refused = { reason: "CONSULTATION_NOT_COMPLETED" };
  await expect(clinical.add(started, doctor, "early")).rejects.toMatchObject(refused);
  await clinical.abandon(started, doctor, "no sound");
  await expect(clinical.add(started, doctor, "never")).rejects.toMatchObject(refused);
  expect(await rowsOf(started)).toEqual([]);
});

test("only the consultation's doctor can add addenda", async () => {
  const consultationId = await complete();
  const hidden = { reason: "NOT_FOUND", isDenial: true };
  await expect(clinical.add(consultationId, userCaller("DOCTOR"), "mine")).rejects.toMatchObject(hidden);
  const missing = { reason: "NOT_FOUND", isDenial: false };
  await expect(clinical.add(newId(), doctor, "nowhere")).rejects.toMatchObject(missing);
  expect(await rowsOf(consultationId)).toEqual([]);
});

test("concurrent calls with the same key add one addendum; calls without a key add one each", async () => {
  const consultationId = await complete();
  const key = newId();
  const made = await Promise.all(
    Array.from({ length: 20 }, () => clinical.add(consultationId, doctor, "once", key)),
  );
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  await expect(clinical.add(consultationId, doctor, "else", key)).rejects.toMatchObject({
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
  for (let i = 0; i < 2; i++) await clinical.add(consultationId, doctor, "again");
  expect(await rowsOf(consultationId)).toHaveLength(3);
});

test("a consultation has at most a hundred addenda, also when added concurrently", async () => {
  const consultationId = await complete();
  for (let i = 0; i < 95; i++) await clinical.add(consultationId, doctor, "again");
  const added = await Promise.allSettled(
    Array.from({ length: 10 }, () => clinical.add(consultationId, doctor, "once more")),
  );
  const refused = added.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  expect(refused).toHaveLength(5);
  for (const error of refused)
    expect(error).toMatchObject({ reason: "TOO_MANY_ADDENDA", metadata: { limit: "100" } });
  expect(await rowsOf(consultationId)).toHaveLength(100);
});

test("the addenda of a consultation have at most 256 KiB together, also when added concurrently", async () => {
  const consultationId = await complete();
  // Each character has 3 bytes in UTF-8, so the text has 60,000 bytes.
  const long = "診".repeat(20_000);
  const added = await Promise.allSettled(
    Array.from({ length: 8 }, () => clinical.add(consultationId, doctor, long)),
  );
  expect(added.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  const { addenda } = messageNamed("medconnect.clinical.v1.Consultation").field;
  const left = getOption(addenda!, total_bytes) - 4 * 60_000;
  await clinical.add(consultationId, doctor, "x".repeat(10_000));
  await expect(clinical.add(consultationId, doctor, "x".repeat(left - 10_000 + 1))).rejects.toMatchObject({
    reason: "TOO_MANY_ADDENDA",
    metadata: { limitBytes: "262144", usedBytes: "250000" },
  });
  await clinical.add(consultationId, doctor, "x".repeat(left - 10_000));
});

test("a list of five consultations with a hundred long addenda is small, and memory stays flat", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push(await complete());
  const text = clinical.app.cipher.encrypt("addenda.text:any", "x".repeat(20_000));
  // The store does not check the limit of 256 KiB, so each consultation gets addenda of about 2 MB.
  for (const consultationId of ids) {
    await clinical.app.db.transaction(async (tx) => {
      for (let i = 0; i < 100; i++)
        insertAddendum(
          tx,
          { id: newId(), text, createTime: clinical.app.clock.now() },
          { id: consultationId, patientId: patient.userId, doctorId: doctor.userId },
        );
    });
  }
  const list = async () =>
    (
      await invoke(
        ConsultationServiceService.listConsultations,
        bound(listConsultations, clinical.app),
        patient,
        ListConsultationsRequest.fromPartial({ pageSize: 100 }),
      )
    ).response;
  const bytes = ListConsultationsResponse.encode(await list()).finish().length;
  expect(bytes).toBeLessThan(4096);
  const before = heldBytes();
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 10 }, list));
  expect(heldBytes() - before).toBeLessThan(100 * 1024 * 1024);
}, 120_000);

test("the database stores addenda encrypted, each bound to its row", async () => {
  const consultationId = await complete();
  for (const text of ["a canary", "another canary"]) await clinical.add(consultationId, doctor, text);
  const [first, second] = await rowsOf(consultationId);
  for (const { text } of [first!, second!]) expect(text.includes("canary")).toBe(false);
  await clinical.app.db.write("UPDATE addenda SET text = ? WHERE id = ?", [
    first!.text,
    binaryId(second!.id),
  ]);
  await expect(clinical.read(consultationId, doctor)).rejects.toThrow();
});

test("a replayed response is audited as a read, because it shows notes and addenda", async () => {
  const consultationId = await start();
  const [completing, adding] = [newId(), newId()];
  for (let i = 0; i < 2; i++) await clinical.complete(consultationId, doctor, NOTES, completing);
  for (let i = 0; i < 2; i++) await clinical.add(consultationId, doctor, "one more thing", adding);
  const reads = (await clinical.auditEntries(`consultations/${consultationId}`)).slice(-2);
  const read = { action: "consultation.get", actorId: doctor.userId, subjectIds: [patient.userId] };
  expect(reads).toEqual([read, read]);
});
