import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { MFA_PENDING_CLAIM } from "@medconnect/platform/identity/access-tokens.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Tokens } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { isAccountProven } from "../accounts/account-proofs.ts";
import type { Auth } from "../app.ts";
import { inSeconds, signAccessToken } from "../keys/sign-access-token.ts";
import { hashOf, newRefreshToken, refreshTokenProof } from "./refresh-token-secrets.ts";
import { insertRefreshToken } from "./refresh-token-store.ts";
import type { Lifetime, Session, SessionUser } from "./session.ts";
import { encryptClient } from "./session-client.ts";
import { insertSession, recordSessionUse } from "./session-store.ts";

/** A session, its user, and the refresh token that the client gets. */
export interface OpenSession {
  readonly session: Session;
  readonly refreshToken: string;
  readonly user: SessionUser;
}

/** Time of a login or refresh, and the call that asked for it. */
export interface CallContext {
  readonly now: Date;
  readonly call: Call;
}

/** Opens a session for a user who has just proved their identity. */
export function openSession(
  app: Auth,
  tx: Transaction,
  { userId, remembered, ...user }: SessionUser & { userId: string; remembered: boolean },
  { now, call }: CallContext,
): OpenSession {
  const session: Session = {
    id: newId(),
    userId,
    authTime: now,
    expireTime: new Date(now.getTime() + lifetimeOf(app, remembered).sessionMs),
    remembered,
  };
  insertSession(tx, session);
  const refreshToken = newRefreshToken();
  issueRefreshToken(app, tx, session, refreshToken, { now, call });
  return { session, refreshToken, user };
}

/** Stores a session's next refresh token, which expires no later than the session. */
export function issueRefreshToken(
  app: Auth,
  tx: Transaction,
  session: Session,
  token: string,
  { now, call }: CallContext,
): void {
  const idleEndMs = now.getTime() + lifetimeOf(app, session.remembered).idleMs;
  const expireTime = new Date(Math.min(idleEndMs, session.expireTime.getTime()));
  const hash = hashOf(token);
  const proof = refreshTokenProof(app.proofs, hash, expireTime, session);
  insertRefreshToken(tx, { hash, sessionId: session.id, expireTime, proof });
  const client = encryptClient(app.cipher, session, call);
  recordSessionUse(tx, session.id, { time: now, idleExpireTime: expireTime, client });
}

const lifetimeOf = (app: Auth, remembered: boolean): Lifetime =>
  remembered ? app.lifetimes.remembered : app.lifetimes.ordinary;

/**
 * Returns the response to a login or a refresh, with a new access token and the refresh token. Throws
 * UNAUTHENTICATED if the account has no valid proof, because its address or role may be forged.
 */
export async function issueTokens(
  app: Auth,
  { session, refreshToken, user }: OpenSession,
  now: Date,
): Promise<Tokens> {
  if (!isAccountProven(app, { ...user, id: session.userId })) throw new ApiError("UNAUTHENTICATED");
  const lifetimeMs = Math.min(app.accessTokenMs, session.expireTime.getTime() - now.getTime());
  const lifetimeS = Math.floor(lifetimeMs / 1000);
  const isMfaPending = lacksSecondFactor(app, user);
  const claims = {
    sid: session.id,
    role: user.role,
    auth_time: inSeconds(session.authTime),
    ...(isMfaPending && { [MFA_PENDING_CLAIM]: true }),
  };
  return {
    accessToken: await signAccessToken(app, session.userId, claims, { now, lifetimeS }),
    refreshToken,
    tokenType: "Bearer",
    expiresInSeconds: lifetimeS,
    nextStep: isMfaPending ? "ENROL_SECOND_FACTOR" : undefined,
  };
}

const lacksSecondFactor = ({ mfaRequiredRoles }: Auth, { role, mfaEnabled }: SessionUser): boolean =>
  !mfaEnabled && mfaRequiredRoles.includes(role);
