import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { invoke } from "@medconnect/platform/testing/test-service.ts";
import { mendTimeZones } from "@medconnect/platform/time-zones/mend-time-zones.ts";
import {
  DoctorServiceService,
  GetDoctorRequest,
  UpdateDoctorRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { Desk } from "../testing.ts";
import { timeZonesOf } from "./doctor-store.ts";
import { getDoctor } from "./get-doctor.ts";
import { updateDoctor } from "./update-doctor.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.open();
});
afterAll(() => desk.close());

async function read() {
  const request = GetDoctorRequest.fromPartial({ doctorId: desk.doctor.userId });
  return (await invoke(DoctorServiceService.getDoctor, getDoctor(desk.app), desk.doctor, request)).response;
}

test.each([
  ["Asia/Calcutta", "Asia/Kolkata"],
  ["america/new_york", "America/New_York"],
  ["EST", "America/Panama"],
  ["+01:00", "UTC"],
  ["Europe/Oslo", "Europe/Oslo"],
])("a time zone stored as %s is answered as %s, which the API accepts", async (stored, shown) => {
  desk.admit();
  await desk.publish(0);
  const { app, doctor } = desk;
  await app.db.write("UPDATE doctors SET time_zone = ? WHERE id = ?", [stored, doctor.userId]);
  const before = await read();
  await mendTimeZones(timeZonesOf(app.db), app.log)(new AbortController().signal);
  const mended = await read();
  expect(mended.timeZone).toBe(shown);
  expect(mended.etag === before.etag).toBe(stored === shown);
  const request = UpdateDoctorRequest.fromPartial({
    doctorId: doctor.userId,
    doctor: { timeZone: mended.timeZone },
    updateMask: ["time_zone"],
  });
  const { response } = await invoke(DoctorServiceService.updateDoctor, updateDoctor(app), doctor, request);
  expect(response.timeZone).toBe(shown);
});
