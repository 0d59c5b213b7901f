import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Auth } from "../app.ts";
import { refreshTokenProof } from "./refresh-token-proof.ts";
import { hashOf, newRefreshToken } from "./refresh-token-secrets.ts";
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
