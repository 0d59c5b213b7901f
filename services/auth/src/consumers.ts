import type { Consumers } from "@medconnect/platform/inbox/inbox.ts";
import type { Auth } from "./app.ts";
import { applyLicenseEvents } from "./licenses/apply-license-events.ts";

/** Handlers of the events that auth receives from other services, by event type. */
export const consumersOf = (app: Auth): Consumers => ({
  "license.decided": { from: "scheduling", apply: applyLicenseEvents(app) },
});
