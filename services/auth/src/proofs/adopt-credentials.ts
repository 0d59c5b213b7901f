import { repeat } from "@medconnect/platform/jobs.ts";
import type { Platform } from "@medconnect/platform/service.ts";
import { secretProof } from "../service-accounts/secret-proof.ts";
import {
  type CodeRow,
  isAdopted,
  lockCodes,
  lockSecrets,
  saveCodeProofs,
  saveSecretProof,
} from "./adoption-store.ts";
import type { Proofs } from "./proofs.ts";

const PAGE = 1000;
/** In the audit trail: what has no proof after this line was not written by auth. */
const ADOPTED = "credential.adopt";

/**
 * Gives recovery codes and client secrets from before there were proofs theirs, once. A line of the audit trail says that
 * it was done, as the trail shows a line that somebody deletes. Several instances at once write the same proofs.
 */
export async function adoptCredentials(
  { db, changes }: Pick<Platform, "db" | "changes">,
  proofs: Proofs,
): Promise<void> {
  if (await isAdopted(db, ADOPTED)) return;
  let after: CodeRow | undefined;
  await repeat(async () => {
    const rows = await db.transaction(async (tx) => {
      const codes = await lockCodes(tx, after, PAGE);
      const proven = codes.map((code) => ({
        ...code,
        proof: proofs.of("mfa_recovery_codes", [code.userId, code.hash]),
      }));
      saveCodeProofs(tx, proven);
      return codes;
    });
    after = rows.at(-1);
    return rows.length === PAGE;
  });
  await changes.applyInternally("service:auth", async (tx) => {
    for (const { id, accountId, hash } of await lockSecrets(tx)) {
      saveSecretProof(tx, id, secretProof(proofs, accountId, hash));
    }
    return [{ action: ADOPTED, resource: "credentials", subjectIds: [] }];
  });
}
