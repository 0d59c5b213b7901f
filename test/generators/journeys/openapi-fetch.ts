// A booking with the client of openapi-typescript and openapi-fetch.
import createClient from "openapi-fetch";
import type { components, paths } from "../generated/openapi-typescript/schema.d.ts";

type Problem = components["schemas"]["Problem"];

const api = createClient<paths>({ baseUrl: process.env.API_URL ?? "" });

/** The answer of a call. Throws its problem if the call was refused. */
function answer<Data>({ data, error }: { data?: Data; error?: Problem }): NonNullable<Data> {
  if (error || !data) throw new Error(`${error?.reason}: ${error?.detail}`);
  return data;
}

const signedIn = answer(
  await api.POST("/v1/auth/login", {
    body: { email: "patient@demo.medconnect.test", password: "correct-demo-passphrase" },
  }),
);
if (!("tokens" in signedIn)) throw new Error("The account has a second factor");
const headers = { authorization: `Bearer ${signedIn.tokens.accessToken}` };

const { doctors } = answer(await api.GET("/v1/doctors", { params: { query: { query: "dana" } } }));
const doctorId: string = doctors[0]?.id ?? "";
const { slots } = answer(
  await api.GET("/v1/doctors/{doctorId}/slots", { params: { path: { doctorId } }, headers }),
);
const slotId: string = slots[0]?.id ?? "";

const booking = answer(
  await api.POST("/v1/bookings", {
    params: { header: { "Idempotency-Key": slotId } },
    body: { slotId, reason: "A cough", patientRegion: "US-CA" },
    headers,
  }),
);
const start: string = booking.startTime;
if (Number.isNaN(Date.parse(start))) throw new Error(`no time: ${start}`);

const { error } = await api.POST("/v1/bookings", {
  params: { header: { "Idempotency-Key": `${slotId}-again` } },
  body: { slotId },
  headers,
});
if (error?.reason !== "SLOT_UNAVAILABLE") throw new Error(`expected SLOT_UNAVAILABLE, not ${error?.reason}`);

const cancelled = answer(
  await api.POST("/v1/bookings/{bookingId}/cancel", {
    params: { path: { bookingId: booking.id } },
    body: { reason: "Better already" },
    headers,
  }),
);
if (cancelled.status !== "CANCELLED") throw new Error(`expected CANCELLED, not ${cancelled.status}`);
