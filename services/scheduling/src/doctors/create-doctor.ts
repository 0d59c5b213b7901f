import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { etagOf } from "@medconnect/platform/update-mask.ts";
import type {
  CreateDoctorRequest,
  Doctor,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { pendingLicense } from "../licenses/create-license.ts";
import { type Claim, canonicalClaim } from "../licenses/license-rules.ts";
import { insertLicense } from "../licenses/license-store.ts";
import { nameOf } from "../people/people-store.ts";
import { canonicalTags } from "./doctor-rules.ts";
import { insertDoctor } from "./doctor-store.ts";
import { indexDoctor } from "./search-index-store.ts";

/** DoctorService.CreateDoctor. Throws DOCTOR_EXISTS. */
export const createDoctor =
  (app: Scheduling) =>
  async (sent: CreateDoctorRequest, call: Call): Promise<Doctor> => {
    const { userId } = userOf(call);
    const now = app.clock.now();
    const claim = claimOf(sent, now);
    const named = { id: userId, displayName: await nameOf(app.db, userId) };
    const license = pendingLicense(named, claim, now);
    const { specialty, bio, fee } = sent;
    const doctor: Doctor = {
      ...named,
      specialty,
      bio,
      ...canonicalTags(sent, ""),
      fee,
      nextAvailableTime: undefined,
      createTime: now,
      etag: etagOf(1),
      licenses: [license],
      practising: false,
    };
    return await app.changes.apply(call, async (tx) => {
      try {
        await insertDoctor(tx, doctor, now);
      } catch (error) {
        if (duplicateKeyOf(error) === "doctors.PRIMARY") throw new ApiError("DOCTOR_EXISTS");
        throw error;
      }
      indexDoctor(tx, { ...doctor, display_name: doctor.displayName });
      insertLicense(tx, license);
      return {
        response: doctor,
        trails: [
          { resource: `doctors/${userId}`, subjectIds: [userId] },
          { resource: `licenses/${license.id}`, subjectIds: [userId], action: "license.create" },
        ],
      };
    });
  };

const claimOf = (sent: CreateDoctorRequest, now: Date): Claim =>
  canonicalClaim(
    { number: sent.licenseNumber, region: sent.licenseRegion, expireDate: sent.licenseExpireDate },
    now,
    { region: "license_region", expireDate: "license_expire_date" },
  );
