import { DEMO_ACCOUNTS } from "../stack/seed.ts";
import { logIn, type SignedIn } from "./people.ts";
import type { Walker } from "./walker.ts";

/**
 * Shows that patients cannot find a doctor without a verified licence; then the admin verifies the licence.
 */
export async function verifyLicense(walker: Walker, doctor: SignedIn, licenseId: string): Promise<SignedIn> {
  const anybody = walker.client();
  await walker.refusal({
    title: "Before an admin verifies the licence, only the doctor sees the profile",
    call: () => anybody.getDoctor({ doctorId: doctor.id }),
    reason: "NOT_FOUND",
  });
  const { email } = DEMO_ACCOUNTS.admin;
  const admin = await logIn(walker, "The admin logs in", { id: "", email });
  const { data: claims } = await walker.step({
    title: "The claim is in the admin's list",
    call: () => admin.client.listLicenses({ awaitingDecision: true, doctorId: doctor.id }),
  });
  const doctorName = String(claims.licenses[0]?.doctorName);
  await walker.step({
    title: "The admin has checked number and name with the licensing body, and verifies them",
    call: () => admin.client.verifyLicense({ licenseId, doctorName }),
    // Scheduling learns the doctor's name from an event, so the call is repeated until it succeeds.
    eventually: true,
    has: { id: licenseId, status: "VERIFIED", verifiedName: doctorName },
  });
  return admin;
}
