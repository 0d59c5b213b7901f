/** Role of a user. */
export type Role = "PATIENT" | "DOCTOR" | "ADMIN";

/** A signed-in user, from an access token. */
export interface UserCaller {
  readonly kind: "user";
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  /** Time of the last authentication (OpenID Connect `auth_time`). */
  readonly authTime: Date;
  /** True if a required second factor is not set up yet. Only `before_mfa` methods are allowed. */
  readonly mfaPending?: boolean;
}

/** An internal system, from an access token. */
export interface ServiceAccountCaller {
  readonly kind: "serviceAccount";
  readonly accountId: string;
  /** Session by which its token can be revoked. */
  readonly sessionId: string;
  /** Granted scopes; methods declare the ones they require. */
  readonly scopes: ReadonlySet<string>;
}

/** Another service of this deployment. */
export interface ServiceCaller {
  readonly kind: "service";
  readonly name: string;
}

/** Caller of a method. */
export type Caller = UserCaller | ServiceAccountCaller | ServiceCaller | { readonly kind: "anonymous" };

export const ANONYMOUS: Caller = { kind: "anonymous" };

/** Reader in a method that is open to users and, by a scope, to internal systems. */
export type Reader = UserCaller | ServiceAccountCaller;

/** True for admins and internal systems, which read every user's data, except clinical data. */
export const isOverseer = (reader: Reader): boolean =>
  reader.kind === "serviceAccount" || reader.role === "ADMIN";

/** Id of a caller for the audit trail, idempotency keys and limits; empty for anonymous callers. */
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

/** Name of a service account in the audit trail. The prefix tells it from users. */
export const serviceAccountActor = (accountId: string): string => `service-account:${accountId}`;
