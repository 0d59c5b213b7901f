import { type Attributes, metrics, type ObservableResult } from "@opentelemetry/api";

/**
 * Upper bounds of a histogram's buckets, in seconds. Each bucket is a line for each combination of labels, so
 * there are fewer than the conventions propose.
 */
const CALL_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

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
export const durations = (name: string, description: string, explicitBucketBoundaries = CALL_BUCKETS) => {
  const advice = { explicitBucketBoundaries };
  const instrument = lazily(() => meter().createHistogram(name, { description, unit: "s", advice }));
  return (seconds: number, attributes: Attributes) => instrument().record(seconds, attributes);
};

/**
 * Declares a gauge for the time of the last run, in seconds since 1970; 0 before the first run. The gauge
 * does not begin with the start time of the process, because a process that keeps restarting would then hide
 * that a job never runs.
 */
export function lastRun(name: string, description: string): (at: Date) => void {
  let lastMs = 0;
  gaugeInSeconds(`${name}.timestamp`, description, (report) => report(lastMs / 1000));
  return (at) => {
    lastMs = at.getTime();
  };
}

type Report = (value: number, attributes?: Attributes) => undefined;
/** Reports values from memory. It cannot be async, so it cannot wait for a database (see `sampled`). */
type Read = (report: Report) => undefined;
/** Units by UCUM. Prometheus names end with them, as `_seconds` or `_bytes` (see `withUnits`). */
type Unit = "" | "s" | "By";

/** Declares a gauge without a unit, which is read at each scrape. Call it after `startMetrics`. */
export function gauge(name: string, description: string, read: Read): void {
  gaugeIn("", name, description, read);
}

/** Declares a gauge of a duration or a point in time, as `gauge` does. */
export function gaugeInSeconds(name: string, description: string, read: Read): void {
  gaugeIn("s", name, description, read);
}

/** Declares a gauge of an amount of memory, as `gauge` does. */
export function gaugeInBytes(name: string, description: string, read: Read): void {
  gaugeIn("By", name, description, read);
}

/** Declares a sum of durations that another program counts, such as the kernel. It is read at each scrape. */
export function totalSeconds(name: string, description: string, read: Read): void {
  meter().createObservableCounter(name, { description, unit: "s" }).addCallback(reading(read));
}

function gaugeIn(unit: Unit, name: string, description: string, read: Read): void {
  meter().createObservableGauge(name, { description, unit }).addCallback(reading(read));
}

const reading = (read: Read) => (result: ObservableResult) => {
  read((value, attributes) => {
    result.observe(value, attributes);
    return undefined;
  });
};
