import type { Method } from "@medconnect/platform/contract/methods.ts";
import {
  MethodRules_Access as Access,
  MethodRules_Role as RoleNumber,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Role } from "./world.ts";

/** The caller's relation to an object. */
export const RELATIONS = ["own", "foreign", "missing"] as const;
export type Relation = (typeof RELATIONS)[number];

/**
 * Answer of an RPC about an object that is not the caller's own. One that does not exist is NOT_FOUND under every rule
 * but the last.
 *
 * - `private`: the same as one that does not exist.
 * - `supervised`: the same as one that does not exist; an admin may act on everybody's, and so may an account.
 * - `owned`: NOT_OWNER, as everybody may know of it.
 * - `open`: everybody whom the access rule lets in may act on it.
 * - `filter`: it only narrows a list, whatever it is.
 * - `break-glass`: as `private`; to an admin BREAK_GLASS_REQUIRED, whether it exists or not, but under a grant.
 * - `break-glass filter`: as `filter`; to an admin as `break-glass`.
 */
export type Rule =
  | "private"
  | "supervised"
  | "owned"
  | "open"
  | "filter"
  | "break-glass"
  | "break-glass filter";

/**
 * Callers. An account is an internal system's that has every scope, another account one that has every scope but those
 * that the method names. A granted admin has a break-glass grant for the records of the patient who calls; a wrong service is one
 * that the method does not name among its callers.
 */
export const CALLERS = [
  "anonymous",
  "patient",
  "doctor",
  "admin",
  "granted admin",
  "account",
  "other account",
  "service",
  "wrong service",
] as const;
export type CallerName = (typeof CALLERS)[number];

/** A reason why the caller is refused for lack of rights. */
export type Denial =
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "NOT_OWNER"
  | "NOT_FOUND"
  | "BREAK_GLASS_REQUIRED";

/** How a denial is told over HTTP and over gRPC. */
export const DENIALS: Record<Denial, { http: number; grpc: string }> = {
  UNAUTHENTICATED: { http: 401, grpc: "UNAUTHENTICATED" },
  PERMISSION_DENIED: { http: 403, grpc: "PERMISSION_DENIED" },
  NOT_OWNER: { http: 403, grpc: "PERMISSION_DENIED" },
  NOT_FOUND: { http: 404, grpc: "NOT_FOUND" },
  BREAK_GLASS_REQUIRED: { http: 403, grpc: "PERMISSION_DENIED" },
};

/** The role of a caller who is a user. */
export function roleOf(caller: CallerName): Role | undefined {
  switch (caller) {
    case "patient":
    case "doctor":
    case "admin":
      return caller;
    case "granted admin":
      return "admin";
    default:
      return undefined;
  }
}

export const isBreakGlass = (rule: Rule | undefined): boolean =>
  rule === "break-glass" || rule === "break-glass filter";

export const isAccount = (caller: CallerName): boolean => caller === "account" || caller === "other account";

/** Refusal by the access rule of the proto; undefined where it admits the caller. */
export function denialByAccess({ rules }: Method, caller: CallerName): Denial | undefined {
  const role = roleOf(caller);
  switch (rules.access) {
    case Access.PUBLIC:
      return undefined;
    case Access.OPTIONAL:
      return role || isAccount(caller) || caller === "anonymous" ? undefined : "UNAUTHENTICATED";
    case Access.SIGNED_IN:
      if (isAccount(caller)) return "PERMISSION_DENIED";
      return role ? undefined : "UNAUTHENTICATED";
    case Access.ROLES: {
      if (caller === "account" && rules.scopes.length > 0) return undefined;
      if (isAccount(caller)) return "PERMISSION_DENIED";
      if (!role) return "UNAUTHENTICATED";
      const number = RoleNumber[role.toUpperCase() as Uppercase<Role>];
      return rules.roles.includes(number) ? undefined : "PERMISSION_DENIED";
    }
    case Access.INTERNAL:
      if (caller === "service") return undefined;
      return caller === "wrong service" ? "PERMISSION_DENIED" : "UNAUTHENTICATED";
    default:
      throw new Error("a method without an access rule");
  }
}

/** Refusal by the object rule of a caller whom the access rule admits; undefined where it allows the call. */
export function denialByObject(rule: Rule, relation: Relation, caller: CallerName): Denial | undefined {
  const role = roleOf(caller);
  if (isBreakGlass(rule) && role === "admin") {
    return relation === "own" ? undefined : "BREAK_GLASS_REQUIRED";
  }
  if (rule === "filter" || rule === "break-glass filter") return undefined;
  if (relation === "missing") return "NOT_FOUND";
  switch (rule) {
    case "private":
    case "break-glass":
      return relation === "own" ? undefined : "NOT_FOUND";
    case "supervised":
      return relation === "own" || role === "admin" || caller === "account" ? undefined : "NOT_FOUND";
    case "owned":
      return relation === "own" ? undefined : "NOT_OWNER";
    case "open":
      return undefined;
  }
}
