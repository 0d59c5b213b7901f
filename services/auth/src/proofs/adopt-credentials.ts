import type { Database } from "@medconnect/platform/db/database.ts";
import type { Platform } from "@medconnect/platform/service.ts";
import { accountProof, passwordProof } from "../accounts/account-proofs.ts";
import { secretProof } from "../service-accounts/secret-proof.ts";
import {
  type CodeRow,
  isAdopted,
  lockCodes,
  lockSecrets,
  lockUsers,
  saveCodeProofs,
  saveSecretProof,
  saveUserProofs,
} from "./adoption-store.ts";
import type { Proofs } from "./proofs.ts";

const PAGE = 1000;
/** Action of the audit line after which auth did not write any row without a proof. */
const ADOPTED = "credential.adopt";

/**
 * Adds proofs to older accounts, recovery codes and client secrets, once. An audit line records it, because the check finds a
 * deleted line. Several instances at once write the same proofs.
 */
export async function adoptCredentials(
  { db, hash, changes }: Pick<Platform, "db" | "hash" | "changes">,
  proofs: Proofs,
): Promise<void> {
  if (await isAdopted(db, ADOPTED)) return;
  await adoptUsers(db, hash);
  await adoptCodes(db, proofs);
  await changes.applyInternally("service:auth", async (tx) => {
    for (const { id, accountId, scopes, hash } of await lockSecrets(tx)) {
      saveSecretProof(tx, id, secretProof(proofs, { id: accountId, scopes }, hash));
    }
    return [{ action: ADOPTED, resource: "credentials", subjectIds: [] }];
  });
}

async function adoptUsers(db: Database, hash: Platform["hash"]): Promise<void> {
  for (let after: string | undefined = ""; after !== undefined; ) {
    const from: string = after;
    const users = await db.transaction(async (tx) => {
      const page = await lockUsers(tx, from, PAGE);
      saveUserProofs(
        tx,
        page.map((user) => ({
          id: user.id,
          account: accountProof(hash, user),
          password: passwordProof(hash, user.id, user.passwordHash),
        })),
      );
      return page;
    });
    after = users.at(-1)?.id;
  }
}

async function adoptCodes(db: Database, proofs: Proofs): Promise<void> {
  let after: CodeRow | undefined;
  do {
    const from: CodeRow | undefined = after;
    const codes = await db.transaction(async (tx) => {
      const page = await lockCodes(tx, from, PAGE);
      saveCodeProofs(
        tx,
        page.map((code) => ({ ...code, proof: proofs.of("mfa_recovery_codes", [code.userId, code.hash]) })),
      );
      return page;
    });
    after = codes.at(-1);
  } while (after);
}
