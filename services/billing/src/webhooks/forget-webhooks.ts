import type { Billing } from "../app.ts";
import { forgetEvents } from "./webhook-store.ts";

/** Providers give up sending an event again after days; later than this it would only be asked about in vain. */
const KEPT_MS = 30 * 24 * 3_600_000;

export const forgetWebhooks =
  (app: Billing) =>
  (signal?: AbortSignal): Promise<void> =>
    forgetEvents(app.db, new Date(app.clock.now().getTime() - KEPT_MS), signal);
