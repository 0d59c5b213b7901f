import { generateSync } from "otplib";
import type { Account } from "./accounts.ts";

const PERIOD_S = 30;

/**
 * A simulated authenticator app (RFC 6238). Each call returns the code of a later time step, because auth
 * accepts the code of a step only once. Auth also accepts the next step. So two codes can be used right after
 * each other, for example to activate the app and to sign in.
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

/** Sets up an authenticator app for an account, and activates it with a first code. */
export async function secure({ client }: Account): Promise<Authenticator> {
  const { secret } = await client.setUpTotp();
  const authenticator = new Authenticator(secret);
  await client.activateTotp({ code: authenticator.next() });
  return authenticator;
}
