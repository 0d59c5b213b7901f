import { DEMO_REGION } from "../stack/seed.ts";
import type { SignedIn } from "./people.ts";
import type { Walker } from "./walker.ts";

export const SPECIALTY = "Cardiology";
export const LANGUAGE = "es";
/** The fee, in cents. */
export const FEE_MINOR = "7500";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A consultation may begin 15 minutes before its time: this one can be held now, however long the steps before it take. */
const SOON_MS = 10 * MINUTE_MS;
const LENGTH_MS = 30 * MINUTE_MS;

/** Creates a profile with a fee. @returns its licence's id */
export async function makeProfile(walker: Walker, { id, token }: SignedIn): Promise<string> {
  const profile = await walker.step({
    title: "The doctor creates a profile with a fee, and claims a licence",
    call: "POST /v1/doctors",
    token,
    body: {
      licenseNumber: `DEMO-${id.slice(-12)}`,
      licenseRegion: DEMO_REGION,
      specialty: SPECIALTY,
      bio: "Looks after hearts.",
      languages: ["en", LANGUAGE],
      timeZone: "America/Los_Angeles",
      fee: { currencyCode: "USD", amountMinor: FEE_MINOR },
    },
    expect: 201,
    has: { id, practising: false },
  });
  const [license] = profile.list("licenses");
  return String(license?.id);
}

/** Offers one slot that starts soon and three on the following days. */
export async function offerTimes(walker: Walker, { id, token }: SignedIn): Promise<void> {
  const soon = Math.ceil((Date.now() + SOON_MS) / MINUTE_MS) * MINUTE_MS;
  const slotAt = (startMs: number) => ({
    startTime: new Date(startMs).toISOString(),
    endTime: new Date(startMs + LENGTH_MS).toISOString(),
  });
  await walker.step({
    title: "The doctor offers a time that begins soon …",
    call: `POST /v1/doctors/${id}/slots`,
    token,
    body: slotAt(soon),
    expect: 201,
    has: { status: "OPEN" },
  });
  await walker.step({
    title: "… and some more in the days after, all or none",
    call: `POST /v1/doctors/${id}/slots:batchCreate`,
    token,
    body: { slots: [1, 2, 3].map((days) => slotAt(soon + days * DAY_MS)) },
    expect: 200,
  });
  await walker.step({
    title: "Two times that overlap are refused",
    call: `POST /v1/doctors/${id}/slots`,
    token,
    body: slotAt(soon + LENGTH_MS / 2),
    expect: 409,
    has: { reason: "SLOT_OVERLAP" },
  });
}
