import type { AuditRecorder } from "../audit/recorder.ts";
import type { Call } from "../grpc/call.ts";
import { perApp } from "../memory/per-app.ts";
import type { Clock } from "../time/clock.ts";
import { cached } from "./cached.ts";

/** Maximum age of figures in ms. Counting whole tables is expensive, so callers share the result. */
const TTL_MS = 15_000;

interface App {
  readonly clock: Clock;
  readonly audit: AuditRecorder;
}

/** Makes the use case of a method that counts whole tables. Each call writes an audit line for `resource`. */
export function figures<A extends App, T>(resource: string, count: (app: A) => Promise<T>) {
  const counted = perApp((app: A) => cached(app.clock, TTL_MS, () => count(app)));
  return async (app: A, _request: object, call: Call): Promise<T> => {
    await app.audit.record(call, [{ resource, subjectIds: [] }]);
    return await counted(app)();
  };
}
