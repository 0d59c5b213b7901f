import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Auth } from "../app.ts";
import { refreshTokenProof } from "./refresh-token-proof.ts";
import { hashOf, newRefreshToken } from "./refresh-token-secrets.ts";
import { sealClient } from "./session-client.ts";
import { insertRefreshToken, insertSession, prolongSession, type Session } from "./session-store.ts";

/** How long a session lasts. */
export interface Lifetime {
  /** However much it is used. */
  readonly sessionMs: number;
  /** If it is not used. */
  readonly idleMs: number;
}

/** A session with what the client is to get. */
export interface OpenSession {
  session: Session;
  refreshToken: string;
  user: SessionUser;
}

/** What a session's access tokens depend on. */
export interface SessionUser {
  role: Role;
  email: string;
  /** Without one, the account is refused; see account-proofs.ts. */
  accountProof: Buffer | null;
  mfaEnabled: boolean;
}

/** When a session is used, and by which call. */
export interface CallContext {
  readonly now: Date;
  readonly call: Call;
}

/** Opens a session for a user who has just proved who they are. */
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

/** Lets a refresh token continue a session. */
export function issueRefreshToken(
  app: Auth,
  tx: Transaction,
  session: Session,
  token: string,
  { now, call }: CallContext,
): void {
  const idleEnd = now.getTime() + lifetimeOf(app, session.remembered).idleMs;
  const expireTime = new Date(Math.min(idleEnd, session.expireTime.getTime()));
  const hash = hashOf(token);
  const proof = refreshTokenProof(app.proofs, hash, expireTime, session);
  insertRefreshToken(tx, { hash, sessionId: session.id, expireTime, proof });
  const client = sealClient(app.cipher, session, call);
  prolongSession(tx, session.id, { time: now, idleExpireTime: expireTime, client });
}

const lifetimeOf = (app: Auth, remembered: boolean): Lifetime =>
  remembered ? app.lifetimes.remembered : app.lifetimes.ordinary;
