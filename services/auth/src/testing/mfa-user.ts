import { bound } from "@medconnect/platform/testing/test-service.ts";
import {
  AuthServiceService,
  type LoginResponse,
  type RecoveryCodes,
  type Tokens,
  type TotpSetup,
  type VerifyMfaRequest,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { type User, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { generateSync } from "otplib";
import { getMe } from "../accounts/get-me.ts";
import { login } from "../login/login.ts";
import { activateTotp } from "../mfa/activate-totp.ts";
import { disableTotp } from "../mfa/disable-totp.ts";
import { regenerateRecoveryCodes } from "../mfa/regenerate-recovery-codes.ts";
import { setUpTotp } from "../mfa/set-up-totp.ts";
import { verifyMfa } from "../mfa/verify-mfa.ts";
import { mfaTokenOf, PASSWORD, type SignedIn, type TestAuth } from "./test-auth.ts";

const STEP_MS = 30_000;

/** A test user who can set up and use an authenticator. */
export class MfaUser {
  readonly #auth: TestAuth;
  readonly user: User;
  /** Session in which the user changes the second factor. */
  session: SignedIn;

  private constructor(auth: TestAuth, user: User, session: SignedIn) {
    this.#auth = auth;
    this.user = user;
    this.session = session;
  }

  static async signUp(auth: TestAuth, role?: "PATIENT" | "DOCTOR"): Promise<MfaUser> {
    const user = await auth.makeUser(role);
    return new MfaUser(auth, user, await auth.logIn(user));
  }

  /** The authenticator's current code. */
  codeOf(secret: string): string {
    return generateSync({ secret, epoch: Math.floor(this.#auth.clock.now().getTime() / 1000) });
  }

  setUp(): Promise<TotpSetup> {
    const { app, call } = this.#auth;
    return call(AuthServiceService.setUpTotp, bound(setUpTotp, app), {}, this.session.caller);
  }

  activate(code: string): Promise<RecoveryCodes> {
    const { app, call } = this.#auth;
    return call(AuthServiceService.activateTotp, bound(activateTotp, app), { code }, this.session.caller);
  }

  /** Activates the second factor, and advances the clock until the authenticator shows its next code. */
  async withMfa(): Promise<{ secret: string; recoveryCodes: string[] }> {
    const { secret } = await this.setUp();
    const { recoveryCodes } = await this.activate(this.codeOf(secret));
    this.#auth.clock.advance(STEP_MS);
    return { secret, recoveryCodes };
  }

  disable(password: string, code: string): Promise<User> {
    const { app, call } = this.#auth;
    const request = { password, code, idempotencyKey: "" };
    return call(AuthServiceService.disableTotp, bound(disableTotp, app), request, this.session.caller);
  }

  regenerate(password: string, code: string): Promise<RecoveryCodes> {
    const { app, call } = this.#auth;
    const { regenerateRecoveryCodes: method } = AuthServiceService;
    return call(method, bound(regenerateRecoveryCodes, app), { password, code }, this.session.caller);
  }

  logIn(): Promise<LoginResponse> {
    const { app, call } = this.#auth;
    const request = { email: this.user.email, password: PASSWORD, rememberMe: false };
    return call(AuthServiceService.login, bound(login, app), request);
  }

  /** Logs in, and returns the MFA token of the response. */
  async mfaToken(): Promise<string> {
    return mfaTokenOf(await this.logIn());
  }

  verify(mfaToken: string, factor: VerifyMfaRequest["factor"]): Promise<Tokens> {
    const { app, call } = this.#auth;
    return call(AuthServiceService.verifyMfa, bound(verifyMfa, app), { mfaToken, factor });
  }

  read(): Promise<User> {
    const { app, call } = this.#auth;
    return call(UserServiceService.getMe, bound(getMe, app), {}, this.session.caller);
  }
}
