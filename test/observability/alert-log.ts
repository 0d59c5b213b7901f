import { setTimeout as delay } from "node:timers/promises";
import type { AlertFault } from "./alert-faults/lab.ts";
import type { Prometheus } from "./prometheus/prometheus.ts";

const POLL_MS = 500;
const FIRE_WITHIN_MS = 240_000;
/** The longest window that keeps an alert firing is an hour, of which the run makes three minutes. */
const END_WITHIN_MS = 300_000;

/** An alert, and the times since its fault began and ended. */
export interface Firing {
  readonly alert: string;
  readonly fault: string;
  readonly begunAtMs: number;
  undoneAtMs?: number;
  firedAfterMs?: number;
  endedAfterMs?: number;
}

/** Watches which alerts of a Prometheus fire, and since when. */
export class AlertLog {
  readonly #prometheus: Prometheus;
  readonly #watched: Firing[] = [];
  #firing = new Set<string>();
  #stopped = false;

  constructor(prometheus: Prometheus) {
    this.#prometheus = prometheus;
    void this.#poll();
  }

  /** Watches the alerts of a fault that is about to begin. */
  watch({ name, alerts }: Pick<AlertFault, "name" | "alerts">): Firing[] {
    const begunAtMs = Date.now();
    const firings = alerts.map((alert): Firing => ({ alert, fault: name, begunAtMs }));
    this.#watched.push(...firings);
    return firings;
  }

  /** Waits until none of the alerts fires, for example because of an earlier fault. */
  async untilQuiet(alerts: readonly string[]): Promise<void> {
    await this.#until(() => !alerts.some((alert) => this.#firing.has(alert)), END_WITHIN_MS);
  }

  async untilFired(firings: readonly Firing[]): Promise<void> {
    await this.#until(() => firings.every(({ firedAfterMs }) => firedAfterMs !== undefined), FIRE_WITHIN_MS);
  }

  async untilEnded(firings: readonly Firing[]): Promise<void> {
    const isOver = ({ firedAfterMs, endedAfterMs }: Firing) =>
      firedAfterMs === undefined || endedAfterMs !== undefined;
    await this.#until(() => firings.every(isOver), END_WITHIN_MS);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Waits for a condition, at most as long as this. The caller sees by the firings which one was not met. */
  async #until(isMet: () => boolean, withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (!isMet() && Date.now() < deadline) await delay(POLL_MS);
  }

  async #poll(): Promise<void> {
    while (!this.#stopped) {
      this.#firing = await this.#prometheus.firing().catch(() => this.#firing);
      for (const firing of this.#watched) this.#note(firing);
      await delay(POLL_MS);
    }
  }

  #note(firing: Firing): void {
    const isFiring = this.#firing.has(firing.alert);
    if (isFiring) firing.firedAfterMs ??= Date.now() - firing.begunAtMs;
    else if (firing.firedAfterMs !== undefined && firing.undoneAtMs !== undefined)
      firing.endedAfterMs ??= Date.now() - firing.undoneAtMs;
  }
}
