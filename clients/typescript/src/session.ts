import { type Caller, type Credentials, isFresh } from "./credentials.ts";
import { hasReason } from "./errors.ts";
import { refreshToken } from "./gen/rpcs.ts";
import { randomKey } from "./random-key.ts";
import { memoryTokens, type TokenStore } from "./token-store.ts";

/**
 * The API repeats the answer to a refresh for ten seconds. Two attempts of five seconds are within that time.
 */
const REFRESH = { timeoutMs: 5000, maxRetries: 1 };

/**
 * The session of a user. The answers of `login`, `verifyMfa` and `refreshToken` open it; `logout` ends it. Its
 * access token is refreshed shortly before it expires. The API ends a session whose refresh token is used
 * twice, so only one of those who share the store refreshes, and the others take the result.
 *
 * @param store default: memory
 */
export function userSession(store: TokenStore = memoryTokens()): Credentials {
  /** Refreshes of this client that run, by the access token that they replace. */
  const running = new Map<string, Promise<string | undefined>>();

  async function refreshOnce(caller: Caller, replaced: string): Promise<string | undefined> {
    const current = running.get(replaced) ?? store.lock(() => refresh(caller, replaced));
    running.set(replaced, current);
    return await current.finally(() => running.delete(replaced));
  }

  async function refresh(caller: Caller, replaced: string): Promise<string | undefined> {
    const tokens = await store.read();
    if (tokens?.accessToken !== replaced) return tokens?.accessToken;
    try {
      const request = { refreshToken: tokens.refreshToken };
      // The client stores the tokens of the answer by calling `open`.
      await caller.call(refreshToken, request, { ...REFRESH, idempotencyKey: tokens.refreshKey });
    } catch (error) {
      if (hasReason(error, "INVALID_REFRESH_TOKEN")) await store.write(undefined);
      throw error;
    }
    return (await store.read())?.accessToken;
  }

  return {
    async accessToken(caller) {
      const tokens = await store.read();
      if (!tokens || isFresh(tokens.expireTimeMs)) return tokens?.accessToken;
      return await refreshOnce(caller, tokens.accessToken);
    },
    renew: refreshOnce,
    async open({ accessToken, refreshToken: next, expiresInSeconds }) {
      const expireTimeMs = Date.now() + expiresInSeconds * 1000;
      await store.write({ accessToken, refreshToken: next, expireTimeMs, refreshKey: randomKey() });
    },
    close: () => store.write(undefined),
  };
}
