import { Client, type LoginResponse, memoryTokens, refreshToken, userSession } from "@medconnect/client";

/** Tokens of a new session, with the step that the user has to take first. */
export type NewTokens = Extract<LoginResponse, { tokens: unknown }>["tokens"];

/**
 * One sign-in. Its tokens are in memory only: a reload signs out, and no other page can read them. The client
 * renews the access token shortly before it expires.
 */
export class Connection {
  readonly #tokens = memoryTokens();
  readonly client = new Client({ baseUrl: location.origin, credentials: userSession(this.#tokens) });

  /** Renews the tokens now, after a change of the account that only new tokens show. */
  async renew(): Promise<void> {
    const tokens = await this.#tokens.read();
    if (tokens) await this.client.call(refreshToken, { refreshToken: tokens.refreshToken });
  }
}
