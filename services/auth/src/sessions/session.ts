import type { Role } from "@medconnect/platform/identity/caller.ts";

/** A signed-in user's session: a chain of refresh tokens. */
export interface Session {
  /** Id of the session, which is the `sid` claim of its access tokens. */
  readonly id: string;
  readonly userId: string;
  /** Time at which the user proved their identity. */
  readonly authTime: Date;
  /** Time at which the session ends, however often it is used. */
  readonly expireTime: Date;
  /** True if the user asked at sign-in for the longer lifetime (`rememberMe`). */
  readonly remembered: boolean;
}

export interface Lifetime {
  /** Maximum lifetime of a session, however often it is used, in ms. */
  readonly sessionMs: number;
  /** Lifetime of an unused refresh token, in ms. */
  readonly idleMs: number;
}

/** Account data that goes into a session's access tokens. */
export interface SessionUser {
  readonly role: Role;
  readonly email: string;
  /**
   * Proof (a keyed hash) that auth wrote the account, see account-proofs.ts. Null if the account has none.
   */
  readonly accountProof: Buffer | null;
  readonly mfaEnabled: boolean;
}
