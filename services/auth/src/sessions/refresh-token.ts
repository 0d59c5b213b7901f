import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, type Effect, failed, unchanged } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { RefreshTokenRequest, Tokens } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { Auth } from "../app.ts";
import { endSessions } from "./end-sessions.ts";
import { issueRefreshToken, issueTokens } from "./open-session.ts";
import { evaluate, REPEAT_MS } from "./refresh-rules.ts";
import {
  decryptSuccessor,
  encryptSuccessor,
  hashOf,
  isGenuine,
  newRefreshToken,
} from "./refresh-token-secrets.ts";
import {
  consumeRefreshToken,
  findRefreshToken,
  type RefreshTokenRecord,
  type Use,
} from "./refresh-token-store.ts";

/** Format of a refresh token: 256 bits in base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * AuthService.RefreshToken. Throws INVALID_REFRESH_TOKEN. A second use of a refresh token also ends the
 * session.
 */
export async function refreshToken(
  app: Auth,
  { refreshToken: token, idempotencyKey }: RefreshTokenRequest,
  call: Call,
): Promise<Tokens> {
  if (!TOKEN.test(token)) throw invalid();
  const now = app.clock.now();
  const next = newRefreshToken();
  const use = useOf(token, next, idempotencyKey, now);
  return await app.calls.apply(call, async (tx): Promise<Effect<Tokens>> => {
    const consumed = await consumeRefreshToken(tx, hashOf(token), use);
    const record = await findRefreshToken(tx, hashOf(token));
    if (!record) return failed(invalid());
    if (!isGenuine(app.proofs, record)) return failed(invalid(), forgeryEntry(record));
    const { session } = record;
    const verdict = evaluate(record, { consumed, key: use.key, now });
    switch (verdict.kind) {
      case "EXCHANGE":
        issueRefreshToken(app, tx, session, next, { now, call });
        return changed(
          await issueTokens(app, { session, refreshToken: next, user: session }, now),
          entryOf(record),
        );
      case "REPEAT": {
        const successor = decryptSuccessor(token, verdict.successor);
        return unchanged(await issueTokens(app, { session, refreshToken: successor, user: session }, now));
      }
      case "REUSE":
        endSessions(app, tx, [session.id], now);
        return failed(invalid(), { ...entryOf(record), outcome: "FAILURE" });
      case "VOID":
        return failed(invalid());
    }
  });
}

const invalid = (): ApiError => new ApiError("INVALID_REFRESH_TOKEN");

/**
 * Columns that record the use of the token. The next token is stored only for a call with an idempotency key,
 * because no other call can be repeated.
 */
function useOf(token: string, next: string, idempotencyKey: string, now: Date): Use {
  if (idempotencyKey === "") return { time: now, key: null, successor: null, successorExpireTime: null };
  return {
    time: now,
    key: hashOf(idempotencyKey),
    successor: encryptSuccessor(token, next),
    successorExpireTime: new Date(now.getTime() + REPEAT_MS),
  };
}

/**
 * Audit entry for the use of a forged token. The entry names no user, because the columns of a forged row
 * prove nothing.
 */
const forgeryEntry = ({ session }: RefreshTokenRecord): AuditEntry => ({
  resource: `sessions/${session.id}`,
  subjectIds: [],
  outcome: "FAILURE",
});

const entryOf = ({ session }: RefreshTokenRecord): AuditEntry => ({
  resource: `sessions/${session.id}`,
  subjectIds: [session.userId],
  actorId: session.userId,
});
