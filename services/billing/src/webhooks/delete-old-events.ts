import type { Billing } from "../app.ts";
import { deleteEvents } from "./webhook-store.ts";

/** Retention of event ids. Providers stop resending an event after a few days. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** Job: deletes ids of old events. */
export const deleteOldEvents =
  (app: Billing) =>
  (signal?: AbortSignal): Promise<void> =>
    deleteEvents(app.db, new Date(app.clock.now().getTime() - KEPT_MS), signal);
