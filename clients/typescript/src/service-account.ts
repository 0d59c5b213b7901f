import { type Caller, type Credentials, isFresh } from "./credentials.ts";
import { issueToken } from "./gen/rpcs.ts";

/** Credentials of a service account, with which internal systems call the API. */
export interface ServiceAccountOptions {
  clientId: string;
  clientSecret: string;
  /** Scopes of the tokens; default: all of the account. */
  scopes?: readonly string[];
}

/** Gets tokens for a service account (RFC 6749 §4.4), and replaces them shortly before they expire. */
export function serviceAccount({ clientId, clientSecret, scopes = [] }: ServiceAccountOptions): Credentials {
  let current: { token: string; expireTimeMs: number } | undefined;
  let running: Promise<string> | undefined;

  async function issue(caller: Caller): Promise<string> {
    const { access_token: token, expires_in: expiresInS } = await caller.call(issueToken, {
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: scopes.join(" "),
    });
    current = { token, expireTimeMs: Date.now() + expiresInS * 1000 };
    return token;
  }

  async function issueOnce(caller: Caller): Promise<string> {
    running ??= issue(caller).finally(() => {
      running = undefined;
    });
    return await running;
  }

  return {
    accessToken: async (caller) =>
      current && isFresh(current.expireTimeMs) ? current.token : await issueOnce(caller),
    renew: async (caller, refused) =>
      current && current.token !== refused ? current.token : await issueOnce(caller),
  };
}
