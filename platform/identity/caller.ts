export type Role = "PATIENT" | "DOCTOR" | "ADMIN";

/** A signed-in user, from an access token. */
export interface UserCaller {
  readonly kind: "user";
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  /** Time of the last authentication (OpenID Connect `auth_time`). */
  readonly authTime: Date;
  /**
   * True if the role requires a second factor, and the user has not set one up yet. While it is true, only
   * methods with the option `before_mfa` are allowed.
   */
  readonly mfaPending?: boolean;
}

/** A service account: an internal system that signs in with an access token. */
export interface ServiceAccountCaller {
  readonly kind: "serviceAccount";
  readonly accountId: string;
  /** Session of the access token. If the session ends, the token is revoked. */
  readonly sessionId: string;
  /** Scopes granted to the account. Each method declares which scopes it requires. */
  readonly scopes: ReadonlySet<string>;
}

/** Another service of this deployment, which calls on its own behalf. */
export interface ServiceCaller {
  readonly kind: "service";
  readonly name: string;
}

export type Caller = UserCaller | ServiceAccountCaller | ServiceCaller | { readonly kind: "anonymous" };

export const ANONYMOUS: Caller = { kind: "anonymous" };

/** Caller of a method that is open to users, and to service accounts with a certain scope. */
export type Reader = UserCaller | ServiceAccountCaller;

/** True for admins and service accounts. They may read the data of all users, except clinical data. */
export const isOverseer = (reader: Reader): boolean =>
  reader.kind === "serviceAccount" || reader.role === "ADMIN";

/** Id of a caller in the audit trail, in idempotency keys and for limits; empty for anonymous callers. */
export function callerId(caller: Caller): string {
  switch (caller.kind) {
    case "user":
      return caller.userId;
    case "serviceAccount":
      return serviceAccountActor(caller.accountId);
    case "service":
      return `service:${caller.name}`;
    case "anonymous":
      return "";
  }
}

/** Actor id of a service account in the audit trail. The prefix distinguishes it from user ids. */
export const serviceAccountActor = (accountId: string): string => `service-account:${accountId}`;
