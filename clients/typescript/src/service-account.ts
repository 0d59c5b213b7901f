import { assertionSigner, type PrivateJwk } from "./client-assertion.ts";
import { type Caller, type Credentials, isFresh } from "./credentials.ts";
import { issueToken } from "./gen/rpcs.ts";
import type { IssueTokenRequest } from "./gen/types.ts";

/** Credentials of a service account, with which internal systems call the API: a secret or a key. */
export type ServiceAccountOptions = {
  clientId: string;
  /** Scopes of the tokens; default: all of the account. */
  scopes?: readonly string[] | undefined;
} & (SecretOptions | KeyOptions);

interface SecretOptions {
  clientSecret: string;
  privateKey?: undefined;
}

interface KeyOptions {
  /** Key that signs assertions (`private_key_jwt`), so that no secret leaves this system. */
  privateKey: PrivateJwk;
  /**
   * URL of the token endpoint as the API knows it; default: that at `baseUrl`. Set it if this system reaches
   * the API at another address. A value that an unknown server gives must not be used: it could pass the
   * assertion on to the API.
   */
  audience?: string | undefined;
  clientSecret?: undefined;
}

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Gets tokens for a service account (RFC 6749 §4.4), and replaces them shortly before they expire. */
export function serviceAccount(options: ServiceAccountOptions): Credentials {
  const { scopes = [] } = options;
  const authenticate = authenticationOf(options);
  let current: { token: string; expireTimeMs: number } | undefined;
  let running: Promise<string> | undefined;

  async function issue(caller: Caller): Promise<string> {
    const { access_token: token, expires_in: expiresInS } = await caller.call(issueToken, {
      grant_type: "client_credentials",
      ...(await authenticate(caller)),
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

/** Makes the function that returns the parameters by which the account proves its identity. */
function authenticationOf(
  options: ServiceAccountOptions,
): (caller: Caller) => Promise<Partial<IssueTokenRequest>> {
  const { clientId, clientSecret, privateKey } = options;
  if (privateKey === undefined) return async () => ({ client_id: clientId, client_secret: clientSecret });
  const sign = assertionSigner(privateKey);
  return async ({ baseUrl }) => ({
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await sign(clientId, options.audience ?? baseUrl + pathOf(issueToken)),
  });
}

const pathOf = ({ route }: { route: string }): string => route.slice(route.indexOf("/"));
