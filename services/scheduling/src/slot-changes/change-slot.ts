import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  BlockSlotRequest,
  Slot,
  UnblockSlotRequest,
  WithdrawSlotRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import type { Scheduling } from "../app.ts";
import { expireBooking } from "../bookings/expire-bookings.ts";
import { type SlotRow, toSlot } from "../slots/slot.ts";
import { decideTransition, isSlotVisibleTo, type SlotTransition, statusAt } from "../slots/slot-rules.ts";
import { findSlot, lockSlots, setSlotStatus } from "../slots/slot-store.ts";

/** SlotService.BlockSlot. Throws NOT_FOUND, NOT_OWNER, SLOT_HAS_BOOKING, ILLEGAL_TRANSITION. */
export const blockSlot = (app: Scheduling, { slotId }: BlockSlotRequest, call: Call): Promise<Slot> =>
  changeSlot(app, slotId, "block", call);

/** SlotService.UnblockSlot. Throws the same errors as `blockSlot`. */
export const unblockSlot = (app: Scheduling, { slotId }: UnblockSlotRequest, call: Call): Promise<Slot> =>
  changeSlot(app, slotId, "unblock", call);

/** SlotService.WithdrawSlot. Throws the same errors as `blockSlot`. */
export const withdrawSlot = (app: Scheduling, { slotId }: WithdrawSlotRequest, call: Call): Promise<Slot> =>
  changeSlot(app, slotId, "withdraw", call);

async function changeSlot(
  app: Scheduling,
  slotId: string,
  transition: SlotTransition,
  call: Call,
): Promise<Slot> {
  const now = app.businessClock.now();
  const found = await findSlot(app.db, slotId, now);
  if (!found) throw new ApiError("NOT_FOUND");
  assertOwn(found, userOf(call).userId, now);
  return await app.calls.apply(call, async (tx) => {
    const now = app.businessClock.now();
    const row = (await lockSlots(tx, [slotId])).get(slotId);
    if (!row) throw new ApiError("NOT_FOUND");
    const status = decideTransition(statusAt(row, now), transition);
    if (!status) return unchanged(toSlot(row, now));
    const expired = row.bookingId ? await expireBooking(tx, row.bookingId, now) : [];
    setSlotStatus(tx, slotId, status);
    const entry = { resource: `slots/${slotId}`, subjectIds: [row.doctorId] };
    return changed(toSlot({ ...row, status }, now), entry, ...expired);
  });
}

/**
 * Checks that a slot belongs to the user. Throws NOT_OWNER for another doctor's slot that everybody can see,
 * and NOT_FOUND for a slot that is hidden.
 */
function assertOwn(slot: SlotRow, userId: string, now: Date): void {
  if (slot.doctorId === userId) return;
  if (isSlotVisibleTo(slot, userId, now)) throw new ApiError("NOT_OWNER");
  throw hiddenFrom(`slots/${slot.id}`, slot.doctorId);
}
