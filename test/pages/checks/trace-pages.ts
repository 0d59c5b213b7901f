import { setTimeout as delay } from "node:timers/promises";
import { expectEqual } from "./browser.ts";

const { API_URL = "", TRACES_URL = "" } = process.env;
export const TRACES = `${TRACES_URL}/`;

const PASSWORD = "correct-demo-passphrase";
const POLL_MS = 100;
const WITHIN_MS = 10_000;

/**
 * Books a slot of the demo doctor for a new patient, tries to book it again, and cancels the booking. (The demo patient
 * may be in the cooldown of a hold that another check gave up.) @returns the pages of the traces of both attempts
 */
export async function bookTwice(): Promise<{ booked: string; refused: string }> {
  const account = { email: `${crypto.randomUUID()}@example.org`, password: PASSWORD };
  await call("POST /auth/register", { ...account, fullName: "Tess Tracer", role: "PATIENT" });
  const { body: session } = await call("POST /auth/login", account);
  const { accessToken } = session.tokens;
  const { body: found } = await call("GET /doctors?query=dana&region=US-CA");
  const { body: times } = await call(`GET /doctors/${found.doctors[0].id}/slots?region=US-CA`);
  const book = () =>
    call("POST /bookings", { slotId: times.slots.at(-1).id, reason: "A cough" }, accessToken);
  const [first, second] = [await book(), await book()];
  expectEqual("statuses of both bookings", [first.status, second.status], [201, 409]);
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
type Answer = { status: number; body: any; traceId: string };

async function call(route: string, body?: object, token?: string): Promise<Answer> {
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
  const { status, headers } = answer;
  return { status, body: await answer.json(), traceId: headers.get("x-trace-id") ?? "" };
}
