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
/** Action of the audit line after which auth did not write any row without a proof. */
const ADOPTED = "credential.adopt";

/**
 * Adds proofs to older recovery codes and client secrets, once. An audit line records it, because the check finds a deleted
 * line. Several instances at once write the same proofs.
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
