import type { Platform } from "@medconnect/platform/service.ts";
import { withProof } from "./key-proof.ts";
import { keyTrail } from "./key-trail.ts";
import { hasOwnPrivatePart } from "./make-key.ts";
import { hasProofs, lockSigningKeys, saveSigningKey } from "./signing-key-store.ts";

type App = Pick<Platform, "db" | "box" | "clock" | "changes">;

/**
 * Adds proofs to older keys, once: as soon as any key has a proof, auth did not write a row without one. Adopts only keys
 * whose private part decrypts under DATA_KEY and matches, so a foreign key is never adopted.
 */
export async function adoptKeys({ db, box, clock, changes }: App): Promise<void> {
  if (await hasProofs(db)) return;
  await changes.applyInternally("service:auth", async (tx) => {
    const keys = await lockSigningKeys(tx, clock.now());
    // Another instance may have done it already.
    const own = keys.filter((key) => key.proof === null && hasOwnPrivatePart(box, key));
    for (const key of own) saveSigningKey(tx, withProof(box, key));
    return own.map(({ kid }) => keyTrail("key.adopt", kid));
  });
}
