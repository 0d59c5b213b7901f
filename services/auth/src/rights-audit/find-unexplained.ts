import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { accountProof, passwordProof } from "../accounts/account-proofs.ts";
import { explainedBy } from "./explained-rights.ts";
import { readServiceAccounts, readSigningKeys, readUsers, type UserRights } from "./unexplained-store.ts";

/** Kinds of state in auth that gives or takes rights without a line in its audit trail, with their descriptions. */
export const UNEXPLAINED = {
  ADMIN_UNEXPLAINED: "an account is an admin without a line that made it one",
  ACCOUNT_UNPROVEN: "an account has an address or a role that auth did not write",
  PASSWORD_UNPROVEN: "an account has a password hash that auth did not write for it",
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
 * @param hash the schema's keyed hash, which made the proofs of accounts
 * @param pageSize rows for each statement
 */
export async function* findUnexplained(
  { db, hash }: { db: Database; hash: KeyedHash },
  now: Date,
  pageSize?: number,
): AsyncGenerator<UnexplainedFinding> {
  const look = () => lookAtAll(db, hash, now, pageSize);
  const seen = new Set<string>();
  for await (const finding of look()) seen.add(JSON.stringify(finding));
  if (seen.size === 0) return;
  for await (const finding of look()) {
    if (seen.has(JSON.stringify(finding))) yield finding;
  }
}

async function* lookAtAll(
  db: Database,
  hash: KeyedHash,
  now: Date,
  pageSize?: number,
): AsyncGenerator<UnexplainedFinding> {
  yield* lookAtUsers(db, hash, pageSize);
  yield* lookAtServiceAccounts(db, pageSize);
  yield* lookAtSigningKeys(db, now, pageSize);
}

async function* lookAtUsers(
  db: Database,
  hash: KeyedHash,
  pageSize?: number,
): AsyncGenerator<UnexplainedFinding> {
  const admins = await explainedBy(db, "user.create_admin", [], pageSize);
  const disabled = await explainedBy(db, "user.disable", ["user.enable"], pageSize);
  const factors = await explainedBy(db, "mfa.activate", ["mfa.disable", "user.reset_mfa"], pageSize);
  for await (const user of readUsers(db, pageSize)) {
    const { id, role, status, factor } = user;
    const resource = `users/${id}`;
    if (role === "ADMIN" && !admins.has(resource)) yield { kind: "ADMIN_UNEXPLAINED", resource, state: role };
    else yield* unprovenAccount(user, hash);
    yield* unprovenPassword(user, hash);
    if ((status === "DISABLED") !== disabled.has(resource))
      yield { kind: "STATUS_UNEXPLAINED", resource, state: status };
    if ((factor !== null) !== factors.has(resource))
      yield { kind: "SECOND_FACTOR_UNEXPLAINED", resource, state: factor === null ? "none" : "active" };
  }
}

function* unprovenAccount(user: UserRights, hash: KeyedHash): Generator<UnexplainedFinding> {
  const proof = accountProof(hash, user);
  if (user.accountProof?.equals(proof)) return;
  // Part of the proof that this address would have, so that another one is another finding, without printing it.
  const state = `${user.role} ${shortOf(proof)}`;
  yield { kind: "ACCOUNT_UNPROVEN", resource: `users/${user.id}`, state };
}

function* unprovenPassword(
  { id, passwordHash, passwordProof: kept }: UserRights,
  hash: KeyedHash,
): Generator<UnexplainedFinding> {
  const proof = passwordProof(hash, id, passwordHash);
  if (!kept?.equals(proof))
    yield { kind: "PASSWORD_UNPROVEN", resource: `users/${id}`, state: shortOf(proof) };
}

const shortOf = (proof: Buffer): string => proof.toString("hex", 0, 4);

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
  for await (const { id, retireTime } of readSigningKeys(db, pageSize)) {
    const isInUse = retireTime === null || retireTime > now;
    if (isInUse && !made.has(`keys/${id}`))
      yield { kind: "KEY_UNEXPLAINED", resource: `keys/${id}`, state: "in use" };
  }
}
