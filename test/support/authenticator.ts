import { generateSync } from "otplib";

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
