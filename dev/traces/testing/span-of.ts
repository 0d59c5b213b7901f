import type { Span } from "../span.ts";

/** A span with these fields. */
export const spanOf = (fields: Partial<Span>): Span => ({
  traceId: "trace",
  spanId: "span",
  parentId: "",
  service: "gateway",
  name: "GET /v1/bookings",
  startMs: 0,
  durationMs: 1,
  attributes: {},
  links: [],
  isError: false,
  ...fields,
});
