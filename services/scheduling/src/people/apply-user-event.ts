import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Scheduling } from "../app.ts";
import { findFutureBookings, touchCalendar } from "../bookings/booking-store.ts";
import { cancelByPlatform } from "../bookings/cancel-booking.ts";
import { copyAccount } from "../doctors/doctor-store.ts";
import { lockSlotsAhead, withdrawOpenSlots } from "../slots/slot-store.ts";
import { savePerson } from "./people-store.ts";

/**
 * user.*: the name is copied. Of a disabled account the profile is hidden, open slots are withdrawn, and future
 * bookings cancelled with all money returned.
 */
export const applyUserEvent =
  (app: Scheduling): EventHandler =>
  async (tx, events) => {
    const trails: Trail[] = [];
    for (const event of events) trails.push(...(await applyOne(app, tx, event)));
    return trails;
  };

async function applyOne(
  app: Scheduling,
  tx: Transaction,
  { aggregateId: userId, user }: Event,
): Promise<Trail[]> {
  const { fullName, disabled, role } = user!;
  savePerson(tx, userId, user!);
  const isChanged = role === "DOCTOR" && (await copyAccount(tx, userId, fullName, disabled));
  const ahead = disabled ? await cancelWhatIsAhead(app, tx, userId) : [];
  return isChanged ? [doctorTrail(disabled ? "doctor.hide" : "doctor.show", userId), ...ahead] : ahead;
}

const doctorTrail = (action: string, userId: string): Trail => ({
  action,
  resource: `doctors/${userId}`,
  subjectIds: [userId],
});

async function cancelWhatIsAhead(app: Scheduling, tx: Transaction, userId: string): Promise<Trail[]> {
  const now = app.clock.now();
  const trails: Trail[] = [];
  // First what claims and cancellations touch: those under way end before the bookings are read, later ones find the
  // account disabled, and nothing open.
  touchCalendar(tx, userId);
  lockSlotsAhead(tx, userId, now);
  for (const id of await findFutureBookings(tx, userId, now)) {
    trails.push(...(await cancelByPlatform(tx, id, now, app.box)));
  }
  // Last, as each booking that ends opens its slot again.
  const withdrawn = await withdrawOpenSlots(tx, userId, now);
  return withdrawn > 0 ? [...trails, doctorTrail("slot.withdraw_all", userId)] : trails;
}
