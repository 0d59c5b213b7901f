import { createHmac, timingSafeEqual } from "node:crypto";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import * as z from "zod";
import type { WebhookEvent } from "./provider.ts";

const TOLERANCE_MS = 5 * 60_000;
const SIGNATURE = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/;
const TIMEOUT_MS = 5000;

const stubEvent = z.discriminatedUnion("type", [
  z.object({ id: z.string(), type: z.literal("charge.updated"), attemptId: z.string() }),
  z.object({
    id: z.string(),
    type: z.literal("refund.updated"),
    refundId: z.string(),
    reference: z.string(),
  }),
]);

export type StubEvent = z.infer<typeof stubEvent>;

/** Value of the header Stub-Signature: the time, and an HMAC of time and body, as in Stripe's `v1` scheme. */
export function signWebhook(secret: string, body: string | Uint8Array, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000);
  return `t=${seconds},v1=${macOf(secret, seconds, body).toString("hex")}`;
}

/**
 * Reads an event. Throws INVALID_SIGNATURE if the signature is forged, or is more than five minutes older or
 * newer than `now`.
 */
export function readStubWebhook(
  secret: string | undefined,
  body: Uint8Array,
  signature: string,
  now: Date,
): WebhookEvent {
  const [, seconds = "", mac = ""] = SIGNATURE.exec(signature) ?? [];
  const isSigned =
    secret !== undefined &&
    mac !== "" &&
    timingSafeEqual(macOf(secret, Number(seconds), body), Buffer.from(mac, "hex"));
  const isRecent = Math.abs(now.getTime() - Number(seconds) * 1000) <= TOLERANCE_MS;
  if (!isSigned || !isRecent) throw new ApiError("INVALID_SIGNATURE");
  return toEvent(JSON.parse(Buffer.from(body).toString()));
}

function toEvent(json: unknown): WebhookEvent {
  const { success, data: event } = stubEvent.safeParse(json);
  if (!success) return { id: "", subject: undefined };
  const { id } = event;
  if (event.type === "charge.updated") {
    return { id, subject: { kind: "charge", charge: { attemptId: event.attemptId, reference: null } } };
  }
  return { id, subject: { kind: "refund", refundId: event.refundId, reference: event.reference } };
}

/**
 * Sends an event once, without retries. Throws if the receiver refuses the event. The processing job later
 * asks the provider for the outcome.
 */
export async function sendStubWebhook(
  url: string,
  secret: string,
  event: StubEvent,
  now: Date,
): Promise<void> {
  const body = JSON.stringify(event);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "stub-signature": signWebhook(secret, body, now) },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the webhook's receiver answered ${response.status}`);
}

const macOf = (secret: string, seconds: number, body: string | Uint8Array): Buffer =>
  createHmac("sha256", secret).update(`${seconds}.`).update(body).digest();
