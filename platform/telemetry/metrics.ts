import { type Attributes, metrics } from "@opentelemetry/api";

/** Asked for each time, as before `startMetrics` the global meter is one that does nothing, and stays so. */
const meter = () => metrics.getMeter("medconnect");

/** Puts making an instrument off until it is used, so that modules may declare theirs while they load. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Counts something that happens. */
export const counter = (name: string, description: string) => {
  const instrument = lazily(() => meter().createCounter(name, { description }));
  return (attributes?: Attributes, by = 1) => instrument().add(by, attributes);
};

/** Measures how long something takes, in seconds. */
export const durations = (name: string, description: string) => {
  const instrument = lazily(() => meter().createHistogram(name, { description, unit: "s" }));
  return (seconds: number, attributes: Attributes) => instrument().record(seconds, attributes);
};

/**
 * Tells when something was done last, in seconds since 1970. It is 0 until then, and not the start's time: processes that
 * keep starting would hide that none ever does it.
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
 * Reports a value with each scrape. Call it after the metrics are set up.
 *
 * @param read reports values in memory; returns `undefined`, so that it cannot wait for a database (see `sampled`)
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
