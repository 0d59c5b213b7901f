import { setTimeout as delay } from "node:timers/promises";
import { PATIENT } from "./browser.ts";

const { API_URL = "", TRACES_URL = "" } = process.env;
export const TRACES = `${TRACES_URL}/`;

const PASSWORD = "correct-demo-passphrase";
const POLL_MS = 100;
const WITHIN_MS = 10_000;

/**
 * Books a slot of the demo doctor, tries to book it again, and cancels the booking. @returns the pages of the
 * traces of both attempts
 */
export async function bookTwice(): Promise<{ booked: string; refused: string }> {
  const { body: session } = await call("POST /auth/login", { email: PATIENT, password: PASSWORD });
  const { accessToken } = session.tokens;
  const { body: found } = await call("GET /doctors?query=dana&region=US-CA");
  const { body: times } = await call(`GET /doctors/${found.doctors[0].id}/slots?region=US-CA`);
  const book = () =>
    call("POST /bookings", { slotId: times.slots.at(-1).id, reason: "A cough" }, accessToken);
  const [first, second] = [await book(), await book()];
  await call(`POST /bookings/${first.body.id}:cancel`, { reason: "Only a trial" }, accessToken);
  return {
    booked: await pageOf(first.traceId, "billing"),
    refused: await pageOf(second.traceId, "scheduling"),
  };
}

/** The page of a trace, once the spans of the gateway and of this service have arrived. */
async function pageOf(traceId: string, service: string): Promise<string> {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const answer = await fetch(TRACES + traceId, { headers: { accept: "application/json" } });
    const { status, spans = [] } = (await answer.json()) as {
      status?: string;
      spans?: { service: string }[];
    };
    if (status && spans.some((span) => span.service === service)) return TRACES + traceId;
    if (Date.now() > deadline) throw new Error(`The trace ${traceId} has no span of ${service}.`);
    await delay(POLL_MS);
  }
}

/** The page of a trace of a booking that succeeded. */
export async function bookingTrace(): Promise<string> {
  const query = new URLSearchParams({ route: "POST /v1/bookings", status: "201" });
  const answer = await fetch(`${TRACES}?${query}`, { headers: { accept: "application/json" } });
  const [trace] = (await answer.json()) as { id: string }[];
  return TRACES + trace?.id;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of different routes
async function call(route: string, body?: object, token?: string): Promise<{ body: any; traceId: string }> {
  const [method = "", path] = route.split(" ");
  const answer = await fetch(`${API_URL}/v1${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      "idempotency-key": crypto.randomUUID(),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { body: await answer.json(), traceId: answer.headers.get("x-trace-id") ?? "" };
}
