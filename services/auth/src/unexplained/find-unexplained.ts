import type { Database } from "@medconnect/platform/db/database.ts";
import { explainedBy } from "./explained-rights.ts";
import { readServiceAccounts, readSigningKeys, readUsers } from "./unexplained-store.ts";

/** Kinds of state in auth that gives or takes rights without a line in its audit trail, with their descriptions. */
export const UNEXPLAINED = {
  ADMIN_UNEXPLAINED: "an account is an admin without a line that made it one",
  STATUS_UNEXPLAINED: "an account's status differs from the last line about it",
  SECOND_FACTOR_UNEXPLAINED: "a second factor exists or is missing, unlike in the last line about it",
  SCOPE_UNEXPLAINED: "a service account has a scope without a line that gives it",
  CLIENT_STATUS_UNEXPLAINED: "a service account's status differs from the last line about it",
  KEY_UNEXPLAINED: "a signing key is in use without a line that made it, or after one that revoked it",
} as const;

/** A state that the audit trail does not explain. */
export interface UnexplainedFinding {
  kind: keyof typeof UNEXPLAINED;
  /** Resource name in a line, such as "users/{id}". */
  resource: string;
  /** The actual state, such as "DISABLED". */
  state: string;
}

/**
 * Compares auth's tables with its audit trail. Each change and its line are one transaction, so the two differ only after
 * direct writes to the tables. Reads one page at a time, so statements do not grow with the tables. It may run beside the
 * service: a change may fall between the reads, so only a difference that a second read confirms counts.
 *
 * @param pageSize rows for each statement
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
