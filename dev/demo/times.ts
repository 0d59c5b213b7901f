import { DEMO_REGION } from "../stack/seed.ts";
import type { SignedIn } from "./people.ts";
import type { Walker } from "./walker.ts";

export const SPECIALTY = "Cardiology";
export const LANGUAGE = "es";
/** The doctor's fee, in cents. */
export const FEE_MINOR = "7500";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/**
 * Delay from now to the start of the first slot. A consultation may be started up to 15 minutes early, so the
 * doctor can start this one at once.
 */
const SOON_MS = 10 * MINUTE_MS;
const LENGTH_MS = 30 * MINUTE_MS;

/** Creates a profile with a fee. @returns the id of its licence */
export async function makeProfile(walker: Walker, { id, client }: SignedIn): Promise<string> {
  const { data: profile } = await walker.step({
    title: "The doctor creates a profile with a fee, and claims a licence",
    call: () =>
      client.createDoctor({
        licenseNumber: `DEMO-${id.slice(-12)}`,
        licenseRegion: DEMO_REGION,
        specialty: SPECIALTY,
        bio: "Looks after hearts.",
        languages: ["en", LANGUAGE],
        timeZone: "America/Los_Angeles",
        fee: { currencyCode: "USD", amountMinor: FEE_MINOR },
      }),
    has: { id, practising: false },
  });
  return String(profile.licenses[0]?.id);
}

/** Creates one slot that starts soon, and three on the following days. */
export async function offerTimes(walker: Walker, { id: doctorId, client }: SignedIn): Promise<void> {
  const soon = Math.ceil((walker.nowMs + SOON_MS) / MINUTE_MS) * MINUTE_MS;
  const slotAt = (startMs: number) => ({
    startTime: new Date(startMs),
    endTime: new Date(startMs + LENGTH_MS),
  });
  await walker.step({
    title: "The doctor offers a slot that starts soon …",
    call: () => client.createSlot({ doctorId, ...slotAt(soon) }),
    has: { status: "OPEN" },
  });
  const slots = [1, 2, 3].map((days) => slotAt(soon + days * DAY_MS));
  await walker.step({
    title: "… and three more in the following days, all or none",
    call: () => client.batchCreateSlots({ doctorId, slots }),
  });
  await walker.refusal({
    title: "Overlapping slots are refused",
    call: () => client.createSlot({ doctorId, ...slotAt(soon + LENGTH_MS / 2) }),
    reason: "SLOT_OVERLAP",
  });
}
