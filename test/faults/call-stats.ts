import { CLIENT_TIMEOUT_MS, type Outcome } from "./http-client.ts";

interface Counts {
  ok: number;
  /** Number of refused calls, by reason. */
  refused: Map<string, number>;
  unknown: Map<string, number>;
}

/** Counts the responses to all clients, and collects violations of the API's contract. */
export class CallStats {
  readonly #counts = new Map<string, Counts>();
  #latencies: { kind: Outcome["kind"]; ms: number }[] = [];
  readonly violations: string[] = [];
  slowestMs = 0;
  /** Number of 503 responses without Retry-After. */
  withoutRetryAfter = 0;

  /**
   * Counts a response to an operation such as "book".
   *
   * @param expected reasons for which the operation may be refused; any other is a violation
   */
  add(operation: string, outcome: Outcome, expected: readonly string[]): void {
    const counts = this.#of(operation);
    const { kind, reason, status, ms } = outcome;
    if (kind === "ok") counts.ok += 1;
    else counts[kind].set(reason, (counts[kind].get(reason) ?? 0) + 1);
    this.#latencies.push({ kind, ms });
    this.slowestMs = Math.max(this.slowestMs, ms);
    if (status === 503 && outcome.retryAfter === undefined) this.withoutRetryAfter += 1;
    if (kind === "refused" && !expected.includes(reason)) {
      this.violate(`${operation} was refused: ${status} ${reason}`);
    }
    // Status 503 and 504 are allowed, for a dependency that does not respond. Other 5xx statuses are
    // violations.
    if (status >= 500 && status !== 503 && status !== 504) {
      this.violate(`${operation} was answered ${status} ${reason}`);
    }
    if (ms > CLIENT_TIMEOUT_MS) this.violate(`${operation} had no end`);
  }

  violate(what: string): void {
    this.violations.push(what);
  }

  get calls(): number {
    return this.#sum(({ ok, refused, unknown }) => ok + total(refused) + total(unknown));
  }

  get unknown(): number {
    return this.#sum(({ unknown }) => total(unknown));
  }

  /** Number of calls of an operation that succeeded. */
  okOf(operation: string): number {
    return this.#of(operation).ok;
  }

  /**
   * Returns the latencies since the previous call of this method, in ms and sorted.
   *
   * @param kind restricts the result to calls with this outcome; the other latencies are dropped
   */
  takeLatencies(kind?: Outcome["kind"]): number[] {
    const taken = this.#latencies.filter((call) => kind === undefined || call.kind === kind);
    this.#latencies = [];
    return taken.map(({ ms }) => ms).sort((a, b) => a - b);
  }

  /** A line of text for each operation. */
  describe(): string[] {
    return [...this.#counts].map(([operation, { ok, refused, unknown }]) => {
      const parts = [`ok ${ok}`, ...listed("refused", refused), ...listed("unknown", unknown)];
      return `${operation.padEnd(12)} ${parts.join("; ")}`;
    });
  }

  #of(operation: string): Counts {
    const known = this.#counts.get(operation);
    if (known) return known;
    const counts: Counts = { ok: 0, refused: new Map(), unknown: new Map() };
    this.#counts.set(operation, counts);
    return counts;
  }

  #sum(figure: (counts: Counts) => number): number {
    return [...this.#counts.values()].reduce((sum, counts) => sum + figure(counts), 0);
  }
}

const total = (reasons: Map<string, number>): number => [...reasons.values()].reduce((a, b) => a + b, 0);

function listed(word: string, reasons: Map<string, number>): string[] {
  if (reasons.size === 0) return [];
  const parts = [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${reason} ${count}`);
  return [`${word} ${total(reasons)} (${parts.join(", ")})`];
}

/** Returns the quantile of sorted values. About this share (0 to 1) of the values is smaller. */
export const quantile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
