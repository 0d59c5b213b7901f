// A booking with the client of @hey-api/openapi-ts.
import { client } from "../generated/hey-api/client.gen.ts";
import { cancelBooking, createBooking, listSlots, login, searchDoctors } from "../generated/hey-api/index.ts";

client.setConfig({ baseUrl: process.env.API_URL ?? "", throwOnError: true });

const { data: signedIn } = await login({
  body: { email: "patient@demo.medconnect.test", password: "correct-demo-passphrase" },
  throwOnError: true,
});
if (!("tokens" in signedIn)) throw new Error("The account has a second factor");
const { accessToken } = signedIn.tokens;
client.setConfig({ auth: () => accessToken });

const { data: found } = await searchDoctors({ query: { query: "dana" }, throwOnError: true });
const doctorId: string = found.doctors[0]?.id ?? "";
const { data: list } = await listSlots({ path: { doctorId }, throwOnError: true });
const slotId: string = list.slots[1]?.id ?? "";

const { data: booking } = await createBooking({
  headers: { "Idempotency-Key": slotId },
  body: { slotId, reason: "A cough", patientRegion: "US-CA" },
  throwOnError: true,
});
const start: string = booking.startTime;
if (Number.isNaN(Date.parse(start))) throw new Error(`no time: ${start}`);

const { error } = await createBooking({
  headers: { "Idempotency-Key": `${slotId}-again` },
  body: { slotId },
  throwOnError: false,
});
if (error?.reason !== "SLOT_UNAVAILABLE") throw new Error(`expected SLOT_UNAVAILABLE, not ${error?.reason}`);

const { data: cancelled } = await cancelBooking({
  path: { bookingId: booking.id },
  body: { reason: "Better already" },
  throwOnError: true,
});
if (cancelled.status !== "CANCELLED") throw new Error(`expected CANCELLED, not ${cancelled.status}`);
