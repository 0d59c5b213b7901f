import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids.ts";
import type { Auth } from "../app.ts";
import { hashOf, newRefreshToken } from "./refresh-tokens.ts";
import { insertRefreshToken, insertSession, type Session } from "./session-store.ts";

/** A session with what the client is to get. */
export interface OpenSession {
  session: Session;
  refreshToken: string;
  role: Role;
}

/** Opens a session for a user who has just proved who they are. */
export function openSession(
  app: Auth,
  tx: Transaction,
  { userId, role }: { userId: string; role: Role },
  now: Date,
): OpenSession {
  const session: Session = {
    id: newId(),
    userId,
    authTime: now,
    expireTime: new Date(now.getTime() + app.sessionMs),
  };
  insertSession(tx, session);
  const refreshToken = newRefreshToken();
  issueRefreshToken(app, tx, session, refreshToken, now);
  return { session, refreshToken, role };
}

/** Lets a refresh token continue a session. */
export function issueRefreshToken(
  app: Auth,
  tx: Transaction,
  session: Session,
  token: string,
  now: Date,
): void {
  const idleEnd = now.getTime() + app.refreshIdleMs;
  const expireTime = new Date(Math.min(idleEnd, session.expireTime.getTime()));
  insertRefreshToken(tx, { hash: hashOf(token), sessionId: session.id, expireTime });
}
