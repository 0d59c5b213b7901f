import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ListDoctorPrescriptionsRequest,
  Prescription,
  PrescriptionServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { type ClinicalTest, startClinical } from "../testing/clinical-fixture.ts";
import { prescriptionsOn } from "../testing/prescriptions.ts";
import { listDoctorPrescriptions } from "./list-doctor-prescriptions.ts";

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
const prescribe = (consultationId: string) => prescriptions.prescribe(consultationId, doctor);

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

  test("needs no grant, shows no content, and adds to the access log of each patient shown", async () => {
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

  test("is paged, newest first; an empty list is audited as well", async () => {
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
