import type { Trace } from "./waterfall.ts";

/** Part of a name, a status such as 409 or 4xx, and the least duration. Empty fields match every trace. */
export type Search = Partial<Record<"route" | "status" | "minMs", string>>;

/** Condition of a search. Throws an error with the HTTP status 400 for a field of another form. */
export function conditionOf({ route = "", status = "", minMs = "" }: Search): (trace: Trace) => boolean {
  const refuse = (text: string) => Object.assign(new Error(text), { status: 400 });
  if (!/^([1-5](\d\d|xx))?$/.test(status))
    throw refuse(`The status must be such as 409 or 4xx, not "${status}".`);
  if (!/^\d*$/.test(minMs)) throw refuse(`The duration must be a number of milliseconds, not "${minMs}".`);
  return (trace) =>
    trace.name.toLowerCase().includes(route.toLowerCase()) &&
    trace.status.startsWith(status.replace("xx", "")) &&
    trace.durationMs >= Number(minMs);
}
