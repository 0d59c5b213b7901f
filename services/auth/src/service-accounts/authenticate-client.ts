import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { CLOCK_SKEW_MS } from "@medconnect/platform/identity/access-tokens.ts";
import { isId } from "@medconnect/platform/ids/ids.ts";
import type { IssueTokenRequest } from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { findKeys } from "./client-key-store.ts";
import { findBySecret } from "./client-secrets.ts";
import { isGenuine, isGenuineKey } from "./secret-proof.ts";
import type { Secret, ServiceAccountRecord, StoredKey } from "./service-account.ts";
import { findSecrets, findServiceAccount } from "./service-account-store.ts";
import { recordUse } from "./used-assertion-store.ts";
import { claimedClientOf, verifyAssertion } from "./verify-assertion.ts";

/** Result of a client authentication: the account and the secret or key that proved it, or an INVALID_CLIENT. */
export type ClientAttempt =
  | { readonly account: ServiceAccountRecord; readonly credential: Secret | StoredKey }
  /** The account is undefined if the request names none that exists. */
  | { readonly account: ServiceAccountRecord | undefined; readonly refusal: ApiError };

/**
 * Authenticates a client by its secret or by an assertion. An unknown id, a wrong credential and a disabled
 * account get the same error.
 *
 * The credentials are read before the account. If the account is disabled between the two reads, the second
 * read shows the new status. If the account is disabled later, the `sid` read here is revoked, and so is the
 * new token.
 */
export async function authenticateClient(
  app: Auth,
  request: IssueTokenRequest,
  now: Date,
): Promise<ClientAttempt> {
  const { clientId, clientSecret, clientAssertion } = request;
  if (clientAssertion !== undefined) return await byAssertion(app, { clientId, clientAssertion }, now);
  if (clientSecret === undefined) return refused(undefined, unauthenticated());
  const id = clientId?.toLowerCase();
  return isId(id) ? await bySecret(app, { clientId: id, clientSecret }, now) : refused();
}

const refused = (
  account?: ServiceAccountRecord,
  refusal = new ApiError("INVALID_CLIENT"),
): ClientAttempt => ({
  account,
  refusal,
});

async function bySecret(
  app: Auth,
  { clientId, clientSecret }: { clientId: string; clientSecret: string },
  now: Date,
): Promise<ClientAttempt> {
  const secrets = await findSecrets(app.db, clientId);
  const account = await findServiceAccount(app.db, clientId);
  const live = secrets.filter(({ expireTime }) => expireTime === null || expireTime > now);
  const credential = findBySecret(live, clientSecret);
  if (account?.status !== "ACTIVE" || !credential || !isGenuine(app.proofs, account, credential)) {
    return refused(account);
  }
  return { account, credential };
}

/** Authenticates a client by an assertion (RFC 7523), and records its `jti`, so that it works once. */
async function byAssertion(
  app: Auth,
  { clientId: sentId, clientAssertion }: { clientId: string | undefined; clientAssertion: string },
  now: Date,
): Promise<ClientAttempt> {
  const clientId = claimedClientOf(clientAssertion);
  if (clientId === undefined || (sentId ?? clientId) !== clientId) return refused();
  const keys = await findKeys(app.db, clientId);
  const account = await findServiceAccount(app.db, clientId);
  if (account?.status !== "ACTIVE") return refused(account);
  try {
    const expected = { clientId, audiences: app.audiencesOfAssertions, now };
    const { key, jti, expireTime } = await verifyAssertion(clientAssertion, keys, expected);
    if (!isGenuineKey(app.proofs, account, key)) return refused(account);
    // Kept until the slowest clock of the deployment refuses the assertion as expired.
    const forgetTime = new Date(expireTime.getTime() + CLOCK_SKEW_MS);
    const use = { clientId, jti };
    const isFirst = await app.db.transaction((tx) => recordUse(tx, use, forgetTime));
    return isFirst ? { account, credential: key } : refused(account, replayed());
  } catch (error) {
    if (error instanceof ApiError && error.reason === "INVALID_CLIENT") return refused(account, error);
    throw error;
  }
}

const unauthenticated = () =>
  new ApiError("INVALID_CLIENT", {
    detail: "No credentials are sent. Send client_secret (in the form or as HTTP Basic) or client_assertion.",
  });

const replayed = () =>
  new ApiError("INVALID_CLIENT", {
    detail: "The assertion is refused: its jti was used before. Make a new assertion for each request.",
  });
