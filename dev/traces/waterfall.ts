import type { Span } from "./span.ts";

/** The spans of one request or background task, with the facts of its first span. */
export interface Trace {
  id: string;
  spans: Span[];
  /** Such as `POST /v1/bookings`. */
  name: string;
  /** HTTP status; empty for background work. */
  status: string;
  startMs: number;
  /** Without the later effects of events. */
  durationMs: number;
  isError: boolean;
}

/** A span, and the number of its ancestors. */
export type Row = { span: Span; depth: number };

/** @param spans one at least */
export function traceOf(id: string, spans: Span[]): Trace {
  const first = waterfallOf(spans)[0]?.span ?? (spans[0] as Span);
  const { attributes, startMs, durationMs, isError } = first;
  const status = attributes["http.response.status_code"] ?? "";
  return { id, spans, name: labelOf(first), status, startMs, durationMs, isError };
}

/** Puts spans under their parents, in the order of their start. A span whose parent has not arrived is at the top. */
export function waterfallOf(spans: readonly Span[]): Row[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const sorted = spans.toSorted((a, b) => a.startMs - b.startMs);
  const byParent = Map.groupBy(sorted, ({ parentId }) => (ids.has(parentId) ? parentId : ""));
  const rowsUnder = (id: string, depth: number): Row[] =>
    (byParent.get(id) ?? []).flatMap((span) => [{ span, depth }, ...rowsUnder(span.spanId, depth + 1)]);
  return rowsUnder("", 0);
}

/** Start of the first span, and time until the end of the last one, in ms. */
export function extentOf(spans: readonly Span[]): { startMs: number; lengthMs: number } {
  const startMs = Math.min(...spans.map((span) => span.startMs));
  return { startMs, lengthMs: Math.max(...spans.map((span) => span.startMs + span.durationMs)) - startMs };
}

/** The statement of SQL, else the name without the package of an RPC. */
export const labelOf = ({ name, attributes }: Pick<Span, "name" | "attributes">): string =>
  attributes["db.query.text"]?.replaceAll(/\s+/g, " ") ?? name.replace(/^medconnect\.\w+\.\w+\./, "");

/** Reason or HTTP status of an error; empty for other spans. */
export const errorOf = ({ isError, attributes }: Span): string =>
  isError ? (attributes["error.type"] ?? attributes["http.response.status_code"] ?? "error") : "";

export const inMs = (ms: number): string => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
