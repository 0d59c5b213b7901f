import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import type { Booking } from "./booking.ts";
import type { SignedIn } from "./people.ts";
import type { Walker } from "./walker.ts";

/** The admin reads statistics and a patient's audit trail. Other data is refused to the admin. */
export async function oversee(
  walker: Walker,
  { token }: SignedIn,
  patient: SignedIn,
  booking: Booking,
): Promise<void> {
  await walker.step({
    title: "The platform's figures",
    call: "GET /v1/admin/stats",
    token,
    expect: 200,
    has: { unavailable: [] },
  });
  const trail = await walker.step({
    title: "The audit trail has every step in all services, such as this booking",
    call: `GET /v1/admin/audit-events?subjectId=${patient.id}&action=booking.create`,
    token,
    expect: 200,
  });
  if (!trail.list("auditEvents").some(({ traceId }) => traceId === booking.traceId)) {
    throw new SetupError("The audit trail does not contain the booking's trace id.");
  }
  await walker.step({
    title: "Without a break-glass grant, an admin cannot read consultations",
    call: `GET /v1/consultations/${booking.consultationId}`,
    token,
    expect: 403,
  });
}

/** The patient logs out. A call with the same access token then gets status 401. */
export async function leave(walker: Walker, { token }: SignedIn): Promise<void> {
  await walker.step({ title: "The patient logs out", call: "POST /v1/auth/logout", token, expect: 204 });
  await walker.step({
    title: "Within seconds, every service refuses the access token",
    call: "GET /v1/bookings",
    token,
    expect: 401,
    eventually: true,
  });
}
