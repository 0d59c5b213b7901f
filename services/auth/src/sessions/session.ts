import type { Role } from "@medconnect/platform/identity/caller.ts";

/** A signed-in user's session: a chain of refresh tokens. */
export interface Session {
  /** The `sid` of its access tokens. */
  readonly id: string;
  readonly userId: string;
  /** Time at which the user proved their identity. */
  readonly authTime: Date;
  /** End of the session, however often it is used. */
  readonly expireTime: Date;
  /** True for a session with the longer lifetime that its user asked for. */
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
  /** Proof that auth wrote the account, see account-proofs.ts; null if it did not. */
  readonly accountProof: Buffer | null;
  readonly mfaEnabled: boolean;
}
