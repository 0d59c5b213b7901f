import { randomUUID } from "node:crypto";
import type { ProcessName } from "@medconnect/topology/services.ts";
import type { Json } from "../support/api.ts";
import type { HttpClient } from "./http-client.ts";

export type ServiceName = Exclude<ProcessName, "gateway">;

/** A call of a patient's that is answered the same at any time, as long as the service is there. */
export interface Probe {
  call: string;
  /** Of a write, which comes with a key of its own each time. */
  body?: () => Json;
  /** Of the refusal that it is answered with, if it is; such as "NOT_FOUND". */
  reason?: string;
}

/** A write that changes nothing: it reserves its key, and is rolled back with its refusal. */
export const REFUSED_BOOKING: Probe = {
  call: "POST /v1/bookings",
  body: () => ({ slotId: randomUUID() }),
  reason: "NOT_FOUND",
};

/** Never the same twice, as what is as it was is not written (BCP 47, private use). */
const anotherLocale = () => `en-x-${randomUUID().slice(0, 8)}`;

/** Of each service a read, and a write where any patient has one that is harmless. */
export const PROBES: Record<ServiceName, readonly Probe[]> = {
  auth: [
    { call: "GET /v1/users/me" },
    { call: "PATCH /v1/users/me", body: () => ({ locale: anotherLocale() }) },
  ],
  scheduling: [{ call: "GET /v1/bookings?pageSize=1" }, REFUSED_BOOKING],
  clinical: [{ call: "GET /v1/consultations?pageSize=1" }],
  billing: [{ call: "GET /v1/payments?pageSize=1" }],
};

/** Whether a probe is answered as it must be, in time. */
export async function isServed(
  { call, body, reason = "" }: Probe,
  http: HttpClient,
  token: string,
  timeoutMs: number,
): Promise<boolean> {
  const sent = { token, ...(body && { key: randomUUID(), body: body() }) };
  return (await http.send(call, sent, timeoutMs)).reason === reason;
}
