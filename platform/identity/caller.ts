/** What a user is. */
export type Role = "PATIENT" | "DOCTOR" | "ADMIN";

/** A signed-in user, as the access token says. */
export interface UserCaller {
  readonly kind: "user";
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  /** When the user last proved who they are (OpenID Connect `auth_time`). */
  readonly authTime: Date;
}

/** Another service of this deployment. */
export interface ServiceCaller {
  readonly kind: "service";
  readonly name: string;
}

/** Who sent a request. */
export type Caller = UserCaller | ServiceCaller | { readonly kind: "anonymous" };

export const ANONYMOUS: Caller = { kind: "anonymous" };

/** The caller's id for the audit trail, idempotency keys and limits; empty for somebody unknown. */
export function callerId(caller: Caller): string {
  if (caller.kind === "user") return caller.userId;
  return caller.kind === "service" ? `service:${caller.name}` : "";
}
