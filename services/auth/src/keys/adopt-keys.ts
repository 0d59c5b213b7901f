import type { Platform } from "@medconnect/platform/service.ts";
import { withProof } from "./key-proof.ts";
import { keyTrail } from "./key-trail.ts";
import { hasOwnPrivatePart } from "./make-key.ts";
import { hasProofs, lockSigningKeys, saveSigningKey } from "./signing-key-store.ts";

type App = Pick<Platform, "db" | "box" | "clock" | "changes">;

/**
 * Gives the keys from before there were proofs theirs, once: where any key has one, a row without was not written by
 * auth. Only a key whose private part opens under DATA_KEY and fits is taken, so nobody else's is.
 */
export async function adoptKeys({ db, box, clock, changes }: App): Promise<void> {
  if (await hasProofs(db)) return;
  await changes.applyInternally("service:auth", async (tx) => {
    const keys = await lockSigningKeys(tx, clock.now());
    // Another instance may have been faster.
    const own = keys.filter((key) => key.proof === null && hasOwnPrivatePart(box, key));
    for (const key of own) saveSigningKey(tx, withProof(box, key));
    return own.map(({ kid }) => keyTrail("key.adopt", kid));
  });
}
