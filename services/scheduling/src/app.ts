import { duration } from "@medconnect/platform/config.ts";
import type { Platform } from "@medconnect/platform/service.ts";

/** What scheduling can be told beyond what every service can. */
export const schedulingSettings = {
  /** How long an unpaid booking holds its slot. */
  BOOKING_HOLD: duration("15m"),
  /** Until how long before the start a patient cancels for free. */
  CANCEL_CUTOFF: duration("24h"),
  /** How often ended holds are swept. */
  HOLD_SWEEP: duration("2s"),
};

export interface Scheduling extends Platform {
  readonly holdMs: number;
  readonly cancelCutoffMs: number;
}
