import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { accountProof, passwordProof } from "../accounts/account-proofs.ts";
import { explainedBy } from "./explained-rights.ts";
import { readServiceAccounts, readSigningKeys, readUsers, type UserRights } from "./unexplained-store.ts";

/** Descriptions of findings: rights in auth's tables that its audit trail does not explain. */
export const UNEXPLAINED = {
  ADMIN_UNEXPLAINED: "no audit entry made this account an admin",
  ACCOUNT_UNPROVEN: "auth did not write this account's address or role",
  PASSWORD_UNPROVEN: "auth did not write this account's password hash",
  STATUS_UNEXPLAINED: "an account's status differs from its last audit entry",
  SECOND_FACTOR_UNEXPLAINED: "a second factor exists or is missing, unlike in its last audit entry",
  SCOPE_UNEXPLAINED: "no audit entry granted this service account's scope",
  CLIENT_STATUS_UNEXPLAINED: "a service account's status differs from its last audit entry",
  KEY_UNEXPLAINED: "a signing key is in use, but no audit entry made it, or one revoked it",
} as const;

/** A right or status in auth's tables that the audit trail does not explain. */
export interface UnexplainedFinding {
  kind: keyof typeof UNEXPLAINED;
  /** Resource name, such as "users/{id}". */
  resource: string;
  /** The actual state, such as "DISABLED". */
  state: string;
}

/**
 * Compares auth's tables with its audit trail. A change and its audit entry are committed in one transaction,
 * so tables and trail differ only after direct writes to the tables. Reads page by page, so that no statement
 * grows with the tables.
 *
 * May run while the service runs. A change may then fall between two reads, so a difference is reported only
 * if a second comparison finds it again.
 *
 * @param hash the schema's keyed hash, which makes the proofs of accounts
 * @param pageSize rows per statement
 */
export async function* findUnexplained(
  { db, hash }: { db: Database; hash: KeyedHash },
  now: Date,
  pageSize?: number,
): AsyncGenerator<UnexplainedFinding> {
  const compare = () => compareAll(db, hash, now, pageSize);
  const seen = new Set<string>();
  for await (const finding of compare()) seen.add(JSON.stringify(finding));
  if (seen.size === 0) return;
  for await (const finding of compare()) {
    if (seen.has(JSON.stringify(finding))) yield finding;
  }
}

async function* compareAll(
  db: Database,
  hash: KeyedHash,
  now: Date,
  pageSize?: number,
): AsyncGenerator<UnexplainedFinding> {
  yield* compareUsers(db, hash, pageSize);
  yield* compareServiceAccounts(db, pageSize);
  yield* compareSigningKeys(db, now, pageSize);
}

async function* compareUsers(
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
  // The first bytes of the expected proof tell findings apart without printing the address.
  const state = `${user.role} ${shortOf(proof)}`;
  yield { kind: "ACCOUNT_UNPROVEN", resource: `users/${user.id}`, state };
}

function* unprovenPassword(
  { id, passwordHash, passwordProof: stored }: UserRights,
  hash: KeyedHash,
): Generator<UnexplainedFinding> {
  const proof = passwordProof(hash, id, passwordHash);
  if (!stored?.equals(proof))
    yield { kind: "PASSWORD_UNPROVEN", resource: `users/${id}`, state: shortOf(proof) };
}

const shortOf = (proof: Buffer): string => proof.toString("hex", 0, 4);

async function* compareServiceAccounts(db: Database, pageSize?: number): AsyncGenerator<UnexplainedFinding> {
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

async function* compareSigningKeys(
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
