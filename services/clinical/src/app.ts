import { duration } from "@medconnect/platform/config.ts";
import type { Platform } from "@medconnect/platform/service.ts";

/** What clinical can be told beyond what every service can. */
export const clinicalSettings = {
  /** How long before the start a patient may join, and a doctor may begin. */
  EARLY_START: duration("15m"),
  /** How long after the start somebody who is not there counts as missing. */
  NO_SHOW_AFTER: duration("15m"),
  /** How often consultations that the doctor did not come to are looked for. */
  NO_SHOW_SWEEP: duration("10s"),
  /** How long a prescription can be dispensed. */
  PRESCRIPTION_VALIDITY: duration("365d"),
};

export interface Clinical extends Platform {
  readonly earlyStartMs: number;
  readonly noShowAfterMs: number;
  readonly prescriptionValidityMs: number;
}
