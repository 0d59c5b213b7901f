import type { Database } from "@medconnect/platform/db/database.ts";
import { explainedBy } from "./explained-rights.ts";
import { readServiceAccounts, readSigningKeys, readUsers } from "./unexplained-store.ts";

/** State of auth that gives or takes rights and that no line of its audit trail explains, and how it is told. */
export const UNEXPLAINED = {
  ADMIN_UNEXPLAINED: "an account is an admin's, and no line says that it was made one",
  STATUS_UNEXPLAINED: "an account's status is not what the last line about it says",
  SECOND_FACTOR_UNEXPLAINED: "a second factor is there or gone, against the last line about it",
  SCOPE_UNEXPLAINED: "a service account has a scope that no line gives it",
  CLIENT_STATUS_UNEXPLAINED: "a service account's status is not what the last line about it says",
  KEY_UNEXPLAINED: "a signing key is in use that no line made, or that one revoked",
} as const;

/** Something that the audit trail does not explain. */
export interface UnexplainedFinding {
  kind: keyof typeof UNEXPLAINED;
  /** As a line would name it, such as "users/{id}". */
  resource: string;
  /** The state that is there, such as "DISABLED". */
  state: string;
}

/**
 * Holds what auth's tables say now against its audit trail. Each change and its line are one transaction, so the two
 * differ only where somebody wrote the tables directly. Reads a page at a time, so no statement grows with the tables, and
 * may run beside the service: only a difference that a second look finds again counts, as a change may fall between
 * reading the lines and reading the tables.
 *
 * @param pageSize how many rows a statement reads
 */
export async function* findUnexplained(
  db: Database,
  now: Date,
  pageSize?: number,
): AsyncGenerator<UnexplainedFinding> {
  const seen = new Set<string>();
  for await (const finding of look(db, now, pageSize)) seen.add(JSON.stringify(finding));
  if (seen.size === 0) return;
  for await (const finding of look(db, now, pageSize)) {
    if (seen.has(JSON.stringify(finding))) yield finding;
  }
}

async function* look(db: Database, now: Date, pageSize?: number): AsyncGenerator<UnexplainedFinding> {
  yield* lookAtUsers(db, pageSize);
  yield* lookAtServiceAccounts(db, pageSize);
  yield* lookAtSigningKeys(db, now, pageSize);
}

async function* lookAtUsers(db: Database, pageSize?: number): AsyncGenerator<UnexplainedFinding> {
  const admins = await explainedBy(db, "user.create_admin", [], pageSize);
  const disabled = await explainedBy(db, "user.disable", ["user.enable"], pageSize);
  const factors = await explainedBy(db, "mfa.activate", ["mfa.disable", "user.reset_mfa"], pageSize);
  for await (const { id, role, status, factor } of readUsers(db, pageSize)) {
    const resource = `users/${id}`;
    if (role === "ADMIN" && !admins.has(resource)) yield { kind: "ADMIN_UNEXPLAINED", resource, state: role };
    if ((status === "DISABLED") !== disabled.has(resource))
      yield { kind: "STATUS_UNEXPLAINED", resource, state: status };
    if ((factor !== null) !== factors.has(resource))
      yield { kind: "SECOND_FACTOR_UNEXPLAINED", resource, state: factor === null ? "none" : "active" };
  }
}

async function* lookAtServiceAccounts(db: Database, pageSize?: number): AsyncGenerator<UnexplainedFinding> {
  const granted = await explainedBy(db, "client.grant_scope", [], pageSize);
  const disabled = await explainedBy(db, "client.disable", ["client.enable"], pageSize);
  for await (const { id, status, scopes } of readServiceAccounts(db, pageSize)) {
    const resource = `service-accounts/${id}`;
    for (const scope of scopes) {
      if (!granted.has(`${resource}/scopes/${scope}`))
        yield { kind: "SCOPE_UNEXPLAINED", resource, state: scope };
    }
    if ((status === "DISABLED") !== disabled.has(resource))
      yield { kind: "CLIENT_STATUS_UNEXPLAINED", resource, state: status };
  }
}

async function* lookAtSigningKeys(
  db: Database,
  now: Date,
  pageSize?: number,
): AsyncGenerator<UnexplainedFinding> {
  const made = await explainedBy(db, "key.create", ["key.revoke"], pageSize);
  for await (const { id, retire_time } of readSigningKeys(db, pageSize)) {
    const isInUse = retire_time === null || retire_time > now;
    if (isInUse && !made.has(`keys/${id}`))
      yield { kind: "KEY_UNEXPLAINED", resource: `keys/${id}`, state: "in use" };
  }
}
