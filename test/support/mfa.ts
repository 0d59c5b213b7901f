import { generateSync } from "otplib";
import type { Account } from "./accounts.ts";

const PERIOD_S = 30;

/**
 * An authenticator app (RFC 6238). A step ahead of the clock is accepted, and each step once, so every code is of the
 * step after that of the one before; two can be had at once, which is what a login after the activation takes.
 */
export class Authenticator {
  readonly secret: string;
  #lastS = 0;

  constructor(secret: string) {
    this.secret = secret;
  }

  next(): string {
    this.#lastS = Math.max(Math.floor(Date.now() / 1000), this.#lastS + PERIOD_S);
    return generateSync({ secret: this.secret, epoch: this.#lastS });
  }
}

/** Sets an authenticator up and activates it with a first code. */
export async function secure({ api }: Account): Promise<Authenticator> {
  const { secret } = await api.ok("POST /v1/auth/mfa/totp");
  const authenticator = new Authenticator(String(secret));
  await api.ok("POST /v1/auth/mfa/totp:activate", { body: { code: authenticator.next() } });
  return authenticator;
}
