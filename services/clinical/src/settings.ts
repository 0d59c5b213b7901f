import { duration } from "@medconnect/platform/config/config.ts";

/** Settings of clinical, in addition to the settings that every service has. */
export const clinicalSettings = {
  EARLY_START: duration("15m").describe(
    "Time before the start from which a patient may join, and a doctor may join and begin",
  ),
  NO_SHOW_AFTER: duration("15m").describe("Time after the start until somebody counts as missing or late"),
  UNATTENDED_AFTER: duration("2h").describe(
    "Time after its end until an unattended consultation closes itself",
  ),
  OVERDUE_AFTER: duration("24h").describe(
    "Time after its end until a consultation in progress is overdue: it causes an event, and is listed for " +
      "admins",
  ),
  NO_SHOW_SWEEP: duration("10s").describe(
    "Interval of the sweeps for missed, unattended and overdue consultations",
  ),
  PRESCRIPTION_VALIDITY: duration("365d").describe("Time for which a prescription can be dispensed"),
  BREAK_GLASS_TTL: duration("30m").describe(
    "Longest break-glass grant that is accepted; at least auth's `BREAK_GLASS_TTL`",
  ),
};
