import type { CallOptions, Rpc } from "./rpc.ts";

/** Sends calls for credentials that get their tokens from the API. */
export interface Caller {
  /** URL of the gateway. */
  readonly baseUrl: string;
  call<Request, Answer>(
    rpc: Rpc<Request, Answer>,
    request: Request,
    options?: CallOptions,
  ): PromiseLike<Answer>;
}

/** Source of the access tokens of a client. */
export interface Credentials {
  /** Token for the next call; undefined for an anonymous caller. */
  accessToken(caller: Caller): Promise<string | undefined>;
  /**
   * Replaces a token that the API refuses as expired.
   *
   * @returns undefined if there is no other token
   */
  renew(caller: Caller, refused: string): Promise<string | undefined>;
  /** Takes the tokens of a login or a refresh. */
  open?(tokens: IssuedTokens): Promise<void>;
  /** Forgets the tokens of a session that has ended. */
  close?(): Promise<void>;
}

/** Tokens as the API issues them. */
export interface IssuedTokens {
  accessToken: string;
  refreshToken: string;
  expiresInSeconds: number;
}

/** Answer that opens a session. That of a login has no tokens if it needs a second factor. */
export type SignInAnswer = IssuedTokens | { tokens?: IssuedTokens };

export const issuedTokens = (answer: SignInAnswer): IssuedTokens | undefined =>
  "accessToken" in answer ? answer : answer.tokens;

/** Time before the end of a token, in ms, from which on a new one is used. */
const MARGIN_MS = 10_000;

export const isFresh = (expireTimeMs: number): boolean => Date.now() < expireTimeMs - MARGIN_MS;

/** An access token that is got in another way, and a function that gets it for each call. */
export function accessToken(token: string | (() => string | Promise<string>)): Credentials {
  const current = async () => (typeof token === "string" ? token : await token());
  return {
    accessToken: current,
    async renew(_caller, refused) {
      const next = await current();
      return next === refused ? undefined : next;
    },
  };
}
