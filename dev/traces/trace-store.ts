import { LRUCache } from "lru-cache";
import type { Span } from "./span.ts";
import { type Trace, traceOf } from "./waterfall.ts";

const [MAX_TRACES, MAX_SPANS_PER_TRACE] = [1000, 1000];
/** Limit of all spans as JSON, in characters. */
const MAX_SIZE = 64 * 1024 * 1024;

/** The newest traces, in memory. Those without a new span for longest make room, so the limits hold for any input. */
export class TraceStore {
  readonly #spans = new LRUCache<string, Span[]>({
    max: MAX_TRACES,
    maxSize: MAX_SIZE,
    sizeCalculation: (spans) => JSON.stringify(spans).length,
  });

  /** Newest first. */
  get traces(): Trace[] {
    const traces = [...this.#spans].map(([id, spans]) => traceOf(id, spans));
    return traces.sort((a, b) => b.startMs - a.startMs);
  }

  /** Adds spans. A span that an exporter repeats counts once. */
  add(spans: readonly Span[]): void {
    for (const [id, added] of Map.groupBy(spans, ({ traceId }) => traceId)) {
      const all = [...(this.#spans.peek(id) ?? []), ...added];
      const unique = new Map(all.map((span) => [span.spanId, span]));
      this.#spans.set(id, [...unique.values()].slice(0, MAX_SPANS_PER_TRACE));
    }
  }
}
