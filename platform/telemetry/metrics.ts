import { type Attributes, metrics } from "@opentelemetry/api";

/**
 * Looks up the meter each time, because a meter that was looked up before `startMetrics` never records
 * anything.
 */
const meter = () => metrics.getMeter("medconnect");

/**
 * Creates an instrument when it is first used, so that modules can declare their instruments before metrics
 * are started.
 */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Declares a counter. @returns a function that adds 1, or `by` */
export const counter = (name: string, description: string) => {
  const instrument = lazily(() => meter().createCounter(name, { description }));
  return (attributes?: Attributes, by = 1) => instrument().add(by, attributes);
};

/** Declares a histogram of durations. @returns a function that records a duration in seconds */
export const durations = (name: string, description: string) => {
  const instrument = lazily(() => meter().createHistogram(name, { description, unit: "s" }));
  return (seconds: number, attributes: Attributes) => instrument().record(seconds, attributes);
};

/**
 * Declares a gauge for the time of the last run, in seconds since 1970; 0 before the first run. The gauge
 * does not begin with the start time of the process, because a process that keeps restarting would then hide
 * that a job never runs.
 */
export function lastRun(name: string, description: string): (at: Date) => void {
  let lastMs = 0;
  gauge(name, description, (report) => report(lastMs / 1000));
  return (at) => {
    lastMs = at.getTime();
  };
}

type Report = (value: number, attributes?: Attributes) => undefined;

/**
 * Declares a gauge that is read at each scrape. Call it after `startMetrics`.
 *
 * @param read reports values from memory. It cannot be async, so it cannot wait for a database (see
 *   `sampled`)
 */
export function gauge(name: string, description: string, read: (report: Report) => undefined): void {
  meter()
    .createObservableGauge(name, { description })
    .addCallback((result) => {
      read((value, attributes) => {
        result.observe(value, attributes);
        return undefined;
      });
    });
}
