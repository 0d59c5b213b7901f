import { randomUUID } from "node:crypto";
import type { ProcessName } from "@medconnect/topology/services.ts";
import type { Json } from "../support/api.ts";
import type { HttpClient } from "./http-client.ts";

export type ServiceName = Exclude<ProcessName, "gateway">;

/**
 * A patient's call with a known outcome: it succeeds, or is refused for `reason`. With any other outcome, the
 * service is considered down.
 */
export interface Probe {
  call: string;
  /** Makes the body of a write. Each write gets a new idempotency key. */
  body?: () => Json;
  /** Reason of the expected refusal, such as "NOT_FOUND". */
  reason?: string;
}

/**
 * A write that leaves no trace. Scheduling stores the idempotency key, refuses the booking because its slot
 * does not exist, and rolls back.
 */
export const REFUSED_BOOKING: Probe = {
  call: "POST /v1/bookings",
  body: () => ({ slotId: randomUUID() }),
  reason: "NOT_FOUND",
};

/** A new locale for each call (BCP 47, private use), because an update to the same value writes nothing. */
const anotherLocale = () => `en-x-${randomUUID().slice(0, 8)}`;

/** For each service, a call that reads. For some, also a harmless call that writes. */
export const PROBES: Record<ServiceName, readonly Probe[]> = {
  auth: [
    { call: "GET /v1/users/me" },
    { call: "PATCH /v1/users/me", body: () => ({ locale: anotherLocale() }) },
  ],
  scheduling: [{ call: "GET /v1/bookings?pageSize=1" }, REFUSED_BOOKING],
  clinical: [{ call: "GET /v1/consultations?pageSize=1" }],
  billing: [{ call: "GET /v1/payments?pageSize=1" }],
};

/** True if the call of a probe has its expected outcome in time. */
export async function isServed(
  { call, body, reason = "" }: Probe,
  http: HttpClient,
  token: string,
  timeoutMs: number,
): Promise<boolean> {
  const sent = { token, ...(body && { key: randomUUID(), body: body() }) };
  return (await http.send(call, sent, timeoutMs)).reason === reason;
}
