import { type Attributes, metrics } from "@opentelemetry/api";

/** Not cached, because a meter from before `startMetrics` is a no-op for ever. */
const meter = () => metrics.getMeter("medconnect");

/** Creates an instrument on first use, so that modules may declare theirs while they load. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Declares a counter. */
export const counter = (name: string, description: string) => {
  const instrument = lazily(() => meter().createCounter(name, { description }));
  return (attributes?: Attributes, by = 1) => instrument().add(by, attributes);
};

/** Declares a histogram of durations in seconds. */
export const durations = (name: string, description: string) => {
  const instrument = lazily(() => meter().createHistogram(name, { description, unit: "s" }));
  return (seconds: number, attributes: Attributes) => instrument().record(seconds, attributes);
};

/**
 * Declares a gauge of the last run's time, in seconds since 1970. It is 0 before the first run, because the
 * start's time of processes that keep restarting would hide a run that never happens.
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
 * @param read reports values in memory. Its type excludes promises, so that it cannot wait for a database
 *   (see `sampled`)
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
