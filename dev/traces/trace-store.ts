import type { Span } from "./span.ts";
import { type Trace, traceOf } from "./waterfall.ts";

/** `size`: of all spans as JSON, in characters. */
const LIMITS = { traces: 1000, spansPerTrace: 1000, size: 64 * 1024 * 1024 };

/** The newest traces, in memory. The limits hold for any input; the oldest traces make room. */
export class TraceStore {
  readonly #limits: typeof LIMITS;
  /** Spans by their id, by the id of the trace, in the order in which the traces arrived. */
  readonly #traces = new Map<string, Map<string, Span>>();
  #size = 0;

  constructor(limits = LIMITS) {
    this.#limits = limits;
  }

  /** Newest first. */
  get traces(): Trace[] {
    const traces = [...this.#traces].map(([id, spans]) => traceOf(id, [...spans.values()]));
    return traces.sort((a, b) => b.startMs - a.startMs);
  }

  /** Adds spans. A span that an exporter repeats counts once. */
  add(spans: readonly Span[]): void {
    for (const span of spans) this.#keep(span);
    for (const [id, kept] of this.#traces) {
      if (this.#traces.size <= this.#limits.traces && this.#size <= this.#limits.size) break;
      this.#traces.delete(id);
      for (const span of kept.values()) this.#size -= sizeOf(span);
    }
  }

  #keep(span: Span): void {
    const spans = this.#traces.get(span.traceId) ?? new Map<string, Span>();
    if (spans.size >= this.#limits.spansPerTrace || spans.has(span.spanId)) return;
    this.#traces.set(span.traceId, spans.set(span.spanId, span));
    this.#size += sizeOf(span);
  }
}

const sizeOf = (span: Span): number => JSON.stringify(span).length;
