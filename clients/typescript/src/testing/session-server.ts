import { type ApiServer, refuse, sendJson, startApiServer } from "./api-server.ts";

/**
 * An API with one session, whose refresh tokens work once. A second use with another key ends the session, as
 * in services/auth/src/sessions/refresh-rules.ts.
 */
export interface SessionServer extends ApiServer {
  /** Number of requests to refresh the tokens. */
  refreshes: number;
  /** Whether a refresh token was used twice. */
  isEnded: boolean;
  /** Makes the current access token expire. */
  expire(): void;
  /** Loses the answer of the next refresh. */
  loseNext(): void;
}

export async function startSessionServer(expiresInSeconds = 300): Promise<SessionServer> {
  let version = 1;
  let isExpired = false;
  let isLost = false;
  let usedWith: string | undefined;
  const server = Object.assign(await startApiServer(), {
    refreshes: 0,
    isEnded: false,
    expire: () => {
      isExpired = true;
    },
    loseNext: () => {
      isLost = true;
    },
  });
  const tokens = () => ({ accessToken: `a${version}`, refreshToken: `r${version}`, expiresInSeconds });
  server.answer = ({ call, headers, body }, response) => {
    const key = headers["idempotency-key"] as string | undefined;
    const refuseWith = (reason: string) => refuse(response, 401, { reason, code: "UNAUTHENTICATED" });
    if (call === "POST /v1/auth/login") return sendJson(response, 200, { tokens: tokens() });
    if (call === "POST /v1/auth/logout") return sendJson(response, 204, {});
    if (call !== "POST /v1/auth/token:refresh") {
      const isCurrent = !isExpired && headers.authorization === `Bearer a${version}`;
      return isCurrent ? sendJson(response, 200, { id: "u1" }) : refuseWith("UNAUTHENTICATED");
    }
    server.refreshes++;
    const sent = JSON.parse(body).refreshToken;
    if (sent === `r${version}`) {
      version++;
      isExpired = false;
      usedWith = key;
    } else if (sent !== `r${version - 1}` || key === undefined || key !== usedWith) server.isEnded = true;
    if (server.isEnded) return refuseWith("INVALID_REFRESH_TOKEN");
    if (isLost) {
      isLost = false;
      return response.destroy();
    }
    // Later, so that all callers of a test are waiting for it.
    return setImmediate(() => sendJson(response, 200, tokens()));
  };
  return server;
}
