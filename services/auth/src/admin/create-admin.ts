import type { AuditedTransactions } from "@medconnect/platform/changes/audited-transactions.ts";
import { methodAt } from "@medconnect/platform/contract/methods.ts";
import { validate } from "@medconnect/platform/contract/validate.ts";
import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { within } from "@medconnect/platform/grpc/client.ts";
import type { Clock } from "@medconnect/platform/time/clock.ts";
import { AuthServiceService, RegisterRequest } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { newAccount } from "../accounts/account.ts";
import { findAccountByEmail } from "../accounts/account-store.ts";
import { createAccount } from "../accounts/create-account.ts";
import { PasswordHasher } from "../passwords/password-hasher.ts";
import { assertStrongPassword } from "../passwords/password-rules.ts";

const ACTOR = "command:create-admin";
const HASH_TIMEOUT_MS = 60_000;

/** Dependencies of the command, which runs outside of the service. */
interface CommandContext {
  db: Database;
  clock: Clock;
  hash: KeyedHash;
  transactions: AuditedTransactions;
}

export interface AdminOptions {
  email: string;
  fullName: string;
  password: string;
}

/**
 * Creates an admin's account. The same rules as in Register apply to address, name and password. The event
 * `user.created` is stored in the outbox, and the running service sends it.
 *
 * Throws INVALID_REQUEST or WEAK_PASSWORD for options that break these rules. Throws EMAIL_TAKEN if the
 * address belongs to a patient or doctor.
 *
 * @returns a message for the operator, which also says if the account was an admin before
 */
export async function createAdmin(
  { db, clock, hash, transactions }: CommandContext,
  options: AdminOptions,
): Promise<string> {
  const { email, fullName, password } = canonical(options);
  // The operator vouches for the address, so no mail has to verify it.
  const account = { ...newAccount({ email, fullName, role: "ADMIN" }, clock.now()), emailVerified: true };
  assertStrongPassword(password, account);
  const hasher = new PasswordHasher({ atOnce: 1, waiting: 0 });
  const passwordHash = await hasher.hash(password, within(HASH_TIMEOUT_MS));
  try {
    await transactions.run(ACTOR, async (tx) => {
      const entry = await createAccount(tx, { account, passwordHash }, hash);
      return [{ ...entry, action: "user.create_admin", actorId: ACTOR }];
    });
    return `${account.email} is an admin now`;
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "EMAIL_TAKEN") throw error;
    const existing = await findAccountByEmail(db, account.email);
    if (existing?.role !== "ADMIN") throw error;
    return `${account.email} is an admin already`;
  }
}

/**
 * Validates and normalizes the options by the field rules of RegisterRequest. These rules refuse the role
 * ADMIN, so the check uses PATIENT.
 */
function canonical(options: AdminOptions): AdminOptions {
  const request = RegisterRequest.encode({ ...options, role: "PATIENT" }).finish();
  return RegisterRequest.decode(validate(methodAt(AuthServiceService.register.path).input, request));
}
