import type { Database } from "@medconnect/platform/db/database.ts";
import {
  listAdmins,
  listFactors,
  listScopes,
  listServiceAccountStatuses,
  listSigningKeys,
  listStatuses,
  type Unexplained,
} from "./unexplained-store.ts";

/** State of auth that gives or takes rights and that no line of its audit trail explains, and how it is told. */
export const UNEXPLAINED = {
  ADMIN_UNEXPLAINED: "an account is an admin's, and no line says that it was made one",
  STATUS_UNEXPLAINED: "an account's status is not what the last line about it says",
  SECOND_FACTOR_UNEXPLAINED: "a second factor is there or gone, against the last line about it",
  SCOPE_UNEXPLAINED: "a service account has a scope that no line gives it",
  CLIENT_STATUS_UNEXPLAINED: "a service account's status is not what the last line about it says",
  KEY_UNEXPLAINED: "a signing key is in use that no line made, or that one revoked",
} as const;

export interface UnexplainedFinding extends Unexplained {
  kind: keyof typeof UNEXPLAINED;
}

const CHECKS: Record<keyof typeof UNEXPLAINED, (db: Database, now: Date) => Promise<Unexplained[]>> = {
  ADMIN_UNEXPLAINED: listAdmins,
  STATUS_UNEXPLAINED: listStatuses,
  SECOND_FACTOR_UNEXPLAINED: listFactors,
  SCOPE_UNEXPLAINED: listScopes,
  CLIENT_STATUS_UNEXPLAINED: listServiceAccountStatuses,
  KEY_UNEXPLAINED: listSigningKeys,
};

/**
 * Holds what auth's tables say now against its audit trail. Each change and its line are one transaction, so the two
 * differ only where somebody wrote the tables directly. It may run beside the service.
 */
export async function* findUnexplained(db: Database, now: Date): AsyncGenerator<UnexplainedFinding> {
  for (const [kind, list] of Object.entries(CHECKS)) {
    for (const found of await list(db, now)) yield { kind: kind as keyof typeof UNEXPLAINED, ...found };
  }
}
