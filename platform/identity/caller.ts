/** Role of a user. */
export type Role = "PATIENT" | "DOCTOR" | "ADMIN";

/** A signed-in user, as the access token says. */
export interface UserCaller {
  readonly kind: "user";
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  /** When the user last proved who they are (OpenID Connect `auth_time`). */
  readonly authTime: Date;
  /** Has yet to set up the second factor that the role must have: may call only what is marked `before_mfa`. */
  readonly mfaPending?: boolean;
}

/** An internal system, as its access token says. */
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

/** Sender of a request. */
export type Caller = UserCaller | ServiceAccountCaller | ServiceCaller | { readonly kind: "anonymous" };

export const ANONYMOUS: Caller = { kind: "anonymous" };

/** Reader in a method that is open to users and, by a scope, to internal systems. */
export type Reader = UserCaller | ServiceAccountCaller;

/** Sees what everybody has, but nothing clinical: an admin, or an internal system that a scope has let in. */
export const isOverseer = (reader: Reader): boolean =>
  reader.kind === "serviceAccount" || reader.role === "ADMIN";

/** The caller's id for the audit trail, idempotency keys and limits; empty for somebody unknown. */
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

/** How the audit trail names a service account, so that none can be taken for a person. */
export const serviceAccountActor = (accountId: string): string => `service-account:${accountId}`;
