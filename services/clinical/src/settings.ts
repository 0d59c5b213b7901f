import { duration } from "@medconnect/platform/config/config.ts";

/** Clinical's settings beyond those of every service. */
export const clinicalSettings = {
  /** How long before the start a patient may join, and a doctor may begin. */
  EARLY_START: duration("15m"),
  /** How long after the start somebody who is not there counts as missing. */
  NO_SHOW_AFTER: duration("15m"),
  /** Time after its end until an unattended consultation closes itself. */
  UNATTENDED_AFTER: duration("2h"),
  /** Time after its end until a consultation in progress is overdue: it causes an event, and admins find it. */
  OVERDUE_AFTER: duration("24h"),
  /** Interval of the sweeps for missed and overdue consultations. */
  NO_SHOW_SWEEP: duration("10s"),
  /** How long a prescription can be dispensed. */
  PRESCRIPTION_VALIDITY: duration("365d"),
  /** Maximum length of a break-glass grant; the same limit as auth's. */
  BREAK_GLASS_TTL: duration("30m"),
};
