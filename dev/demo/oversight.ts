import { accessToken } from "@medconnect/client";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import type { Booking } from "./booking.ts";
import type { SignedIn } from "./people.ts";
import type { Walker } from "./walker.ts";

/** The admin reads statistics and a patient's audit trail. Other data is refused to the admin. */
export async function oversee(
  walker: Walker,
  { client }: SignedIn,
  patient: SignedIn,
  { consultationId, traceId }: Booking,
): Promise<void> {
  await walker.step({
    title: "The platform's figures",
    call: () => client.getStats(),
    has: { unavailable: [] },
  });
  const { data: trail } = await walker.step({
    title: "The audit trail has every step in all services, such as this booking",
    call: () => client.listAuditEvents({ subjectId: patient.id, action: "booking.create" }),
  });
  if (!trail.auditEvents.some((event) => event.traceId === traceId)) {
    throw new SetupError("The audit trail does not contain the booking's trace id.");
  }
  await walker.refusal({
    title: "Without a break-glass grant, an admin cannot read consultations",
    call: () => client.getConsultation({ consultationId }),
    reason: "BREAK_GLASS_REQUIRED",
  });
}

/** The patient logs out. A call with the same access token is then refused. */
export async function leave(walker: Walker, patient: SignedIn): Promise<void> {
  await walker.step({ title: "The patient logs out", call: () => patient.client.logout() });
  const withOldToken = walker.client(accessToken(patient.accessToken));
  await walker.refusal({
    title: "Within seconds, every service refuses the access token",
    call: () => withOldToken.listBookings(),
    reason: "UNAUTHENTICATED",
    eventually: true,
  });
}
