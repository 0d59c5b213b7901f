import type { EventRoutes } from "@medconnect/platform/outbox/event.ts";

const USER_EVENT_CONSUMERS = ["scheduling", "clinical"];

/** Services that receive auth's events, by event type. */
export const EVENT_ROUTES: EventRoutes = {
  "user.created": USER_EVENT_CONSUMERS,
  "user.updated": USER_EVENT_CONSUMERS,
  "user.disabled": USER_EVENT_CONSUMERS,
  "user.enabled": USER_EVENT_CONSUMERS,
  "break_glass.granted": ["clinical"],
  "break_glass.revoked": ["clinical"],
};
