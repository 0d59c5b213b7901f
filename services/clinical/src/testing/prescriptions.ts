import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke } from "@medconnect/platform/testing/test-service.ts";
import {
  CreatePrescriptionRequest,
  ListPrescriptionsRequest,
  PrescriptionServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { createPrescription } from "../prescriptions/create-prescription.ts";
import { getPrescription, listPrescriptions } from "../prescriptions/read-prescriptions.ts";
import type { ClinicalTest } from "./clinical-fixture.ts";

export const ITEM = {
  medication: "amoxicillin",
  dosage: "500 mg",
  frequency: "three times a day",
  durationDays: 7,
  refills: 1,
};

export const prescriptionsOn = ({ app }: ClinicalTest) => ({
  prescribe: (consultationId: string, by: Caller, over: Partial<CreatePrescriptionRequest> = {}) =>
    invoke(
      PrescriptionServiceService.createPrescription,
      bound(createPrescription, app),
      by,
      CreatePrescriptionRequest.fromPartial({
        consultationId,
        content: "take with food",
        items: [ITEM],
        idempotencyKey: newId(),
        ...over,
      }),
    ),

  read: async (prescriptionId: string, by: Caller) => {
    const { getPrescription: method } = PrescriptionServiceService;
    return (await invoke(method, bound(getPrescription, app), by, { prescriptionId })).response;
  },

  list: async (by: Caller, partial: Partial<ListPrescriptionsRequest>) => {
    const { listPrescriptions: method } = PrescriptionServiceService;
    const request = ListPrescriptionsRequest.fromPartial(partial);
    return (await invoke(method, bound(listPrescriptions, app), by, request)).response;
  },
});
