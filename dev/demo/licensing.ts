import { DEMO_ACCOUNTS } from "../stack/seed.ts";
import { logIn, type SignedIn } from "./people.ts";
import type { Walker } from "./walker.ts";

/**
 * Shows that patients cannot find a doctor without a verified licence; then the admin verifies the licence.
 */
export async function verifyLicense(walker: Walker, doctor: SignedIn, licenseId: string): Promise<SignedIn> {
  await walker.step({
    title: "Before an admin verifies the licence, only the doctor sees the profile",
    call: `GET /v1/doctors/${doctor.id}`,
    expect: 404,
    has: { reason: "NOT_FOUND" },
  });
  const { email } = DEMO_ACCOUNTS.admin;
  const admin = await logIn(walker, "The admin logs in", { id: "", email });
  const list = await walker.step({
    title: "The claim is in the admin's list",
    call: `GET /v1/admin/licenses?awaitingDecision=true&doctorId=${doctor.id}`,
    token: admin.token,
    expect: 200,
  });
  const [claim] = list.list("licenses");
  const doctorName = claim?.doctorName;
  await walker.step({
    title: "The admin has checked number and name with the licensing body, and verifies them",
    call: `POST /v1/admin/licenses/${licenseId}:verify`,
    token: admin.token,
    body: { doctorName },
    // Scheduling learns the doctor's name from an event, so the call is repeated until it succeeds.
    eventually: true,
    expect: 200,
    has: { id: licenseId, status: "VERIFIED", verifiedName: doctorName },
  });
  return admin;
}
