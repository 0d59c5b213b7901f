import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  LoginResponse,
  RefreshTokenRequest,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { Auth } from "../app.ts";
import { endSessions } from "./end-sessions.ts";
import { issueTokens } from "./issue-tokens.ts";
import { issueRefreshToken } from "./open-session.ts";
import { evaluate, REPEAT_MS } from "./refresh-rules.ts";
import { isGenuine } from "./refresh-token-proof.ts";
import { encryptSuccessor, hashOf, newRefreshToken, openSuccessor } from "./refresh-token-secrets.ts";
import { consumeRefreshToken, findRefreshToken, type RefreshTokenRecord, type Use } from "./session-store.ts";

/** AuthService.RefreshToken. Throws INVALID_REFRESH_TOKEN; a second use ends the session all the same. */
export async function refreshToken(
  app: Auth,
  { refreshToken: token, idempotencyKey }: RefreshTokenRequest,
  call: Call,
): Promise<LoginResponse> {
  if (!REFRESH_TOKEN.test(token)) throw new ApiError("INVALID_REFRESH_TOKEN");
  const now = app.clock.now();
  const next = newRefreshToken();
  const use = useOf(token, next, idempotencyKey, now);
  const continueSession = (session: RefreshTokenRecord["session"], refreshToken: string) =>
    issueTokens(app, { session, refreshToken, user: session }, now);

  const answer = await app.calls.apply(call, async (tx) => {
    const consumed = await consumeRefreshToken(tx, hashOf(token), use);
    const record = await findRefreshToken(tx, hashOf(token));
    if (record && !isGenuine(app.proofs, record))
      return { response: undefined, entries: [refusalOf(record)] };
    switch (evaluate(record, { consumed, key: use.key, now })) {
      case "EXCHANGE":
        issueRefreshToken(app, tx, record!.session, next, { now, call });
        return { response: await continueSession(record!.session, next), entries: [entryOf(record!)] };
      case "REPEAT": {
        const successor = openSuccessor(token, record!.successor!);
        return { response: await continueSession(record!.session, successor), entries: [] };
      }
      case "REUSE":
        // Committed, although the answer is an error.
        endSessions(app, tx, [record!.session.id], now);
        return { response: undefined, entries: [{ ...entryOf(record!), outcome: "FAILURE" as const }] };
      default:
        return { response: undefined, entries: [] };
    }
  });
  if (!answer) throw new ApiError("INVALID_REFRESH_TOKEN");
  return answer;
}

const REFRESH_TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** How this call uses the token up. Only one with a key may be repeated, so only then the next token is kept. */
function useOf(token: string, next: string, idempotencyKey: string, now: Date): Use {
  if (idempotencyKey === "") return { time: now, key: null, successor: null, successorExpireTime: null };
  return {
    time: now,
    key: hashOf(idempotencyKey),
    successor: encryptSuccessor(token, next),
    successorExpireTime: new Date(now.getTime() + REPEAT_MS),
  };
}

/** The session of a forged row. */
const refusalOf = ({ session }: RefreshTokenRecord): AuditEntry => ({
  resource: `sessions/${session.id}`,
  subjectIds: [],
  outcome: "FAILURE",
});

const entryOf = ({ session }: RefreshTokenRecord): AuditEntry => ({
  resource: `sessions/${session.id}`,
  subjectIds: [session.userId],
  actorId: session.userId,
});
