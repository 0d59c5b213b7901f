import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type {
  GetSlotRequest,
  ListSlotsRequest,
  ListSlotsResponse,
  Slot,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import type { Scheduling } from "../app.ts";
import { assertVisible } from "../doctors/doctor-access.ts";
import { searchRegion } from "../jurisdiction/jurisdiction.ts";
import { toSlot } from "./slot.ts";
import { whyNotBookable } from "./slot-rules.ts";
import { findSlot, listSlots as list } from "./slot-store.ts";

const MAX_RANGE_MS = 62 * 24 * 3_600_000;

/**
 * SlotService.GetSlot. Throws NOT_FOUND if the slot does not exist or the caller may not see it, and
 * REGION_REQUIRED.
 */
export async function getSlot(
  app: Scheduling,
  { slotId, region: requested }: GetSlotRequest,
  call: Call,
): Promise<Slot> {
  const now = app.businessClock.now();
  const row = await findSlot(app.db, slotId, now);
  if (!row) throw new ApiError("NOT_FOUND");
  if (row.doctorId === callerId(call.caller)) return toSlot(row, now);
  // The slot is checked before the region is read, so that the error REGION_REQUIRED does not reveal a hidden
  // slot.
  if (whyNotBookable(row, now)) throw new ApiError("NOT_FOUND");
  const region = await searchRegion(app, requested, call);
  const shown = region === undefined ? row : await findSlot(app.db, slotId, now, region);
  if (!shown || whyNotBookable(shown, now)) throw new ApiError("NOT_FOUND");
  return toSlot(shown, now);
}

/**
 * SlotService.ListSlots: lists all slots to the doctor who owns them, and only bookable slots to other
 * callers. Throws NOT_FOUND, REGION_REQUIRED, INVALID_PAGE_TOKEN.
 */
export async function listSlots(
  app: Scheduling,
  request: ListSlotsRequest,
  call: Call,
): Promise<ListSlotsResponse> {
  const { doctorId, startTime, endTime } = request;
  const now = app.businessClock.now();
  const isOwn = doctorId === callerId(call.caller);
  const status = request.status === "STATUS_UNSPECIFIED" ? undefined : request.status;
  const from = startTime ?? (endTime && endTime < now ? new Date(endTime.getTime() - MAX_RANGE_MS) : now);
  const range = { startTime: from, endTime: endTime ?? new Date(from.getTime() + MAX_RANGE_MS) };
  if (range.endTime.getTime() - range.startTime.getTime() > MAX_RANGE_MS) {
    // The proto limits the range between two given times.
    throw invalidField("end_time", "must be at most 62 days after now if there is no `start_time`");
  }
  if (!isOwn && status && status !== "OPEN") {
    await assertVisible(app, doctorId, call);
    return { slots: [], nextPageToken: "" };
  }
  const region = isOwn ? undefined : await searchRegion(app, request.region, call);
  const page = app.pages.open(
    request,
    "slots",
    doctorId,
    region,
    startTime,
    endTime,
    request.status,
    String(isOwn),
  );
  const found = await list(
    app.db,
    { doctorId, range, status: isOwn ? status : "BOOKABLE", region },
    page,
    now,
  );
  // A caller who sees a slot may also see the doctor, so only an empty result needs this check.
  if (found.length === 0) await assertVisible(app, doctorId, call);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.startTime, row.id]);
  return { slots: rows.map((row) => toSlot(row, now)), nextPageToken };
}
