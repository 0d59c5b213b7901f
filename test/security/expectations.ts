import type { Method } from "@medconnect/platform/contract/methods.ts";
import {
  MethodRules_Access as Access,
  MethodRules_Role as RoleNumber,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Role } from "./world.ts";

/**
 * Relation of the object to the caller: "own" belongs to the caller, "foreign" to another user, and "missing"
 * does not exist.
 */
export const RELATIONS = ["own", "foreign", "missing"] as const;
export type Relation = (typeof RELATIONS)[number];

/**
 * Rule for the outcome of an RPC if the object belongs to another user. A missing object gets NOT_FOUND,
 * except under the filter rules.
 *
 * - `private`: NOT_FOUND, as for a missing object.
 * - `supervised`: NOT_FOUND; but admins and service accounts may use the object.
 * - `owned`: NOT_OWNER, because everybody may know that the object exists.
 * - `open`: all callers whom the access rule admits may use the object.
 * - `filter`: the object narrows a list; any value is allowed.
 * - `break-glass`: like `private`; but an admin without a grant gets BREAK_GLASS_REQUIRED, even for a missing
 *   object.
 * - `break-glass filter`: like `filter`; but an admin without a grant gets BREAK_GLASS_REQUIRED.
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
 * Callers of each RPC:
 *
 * - "granted admin": has emergency access (a break-glass grant) to the patient of the practice `mine`
 * - "account": a service account with every scope
 * - "other account": a service account with every scope except those of the method
 * - "service": a service that may call the method
 * - "wrong service": a service that may not call the method
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

/** Reasons for which authentication or authorization refuses a call. */
export type Denial =
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "NOT_OWNER"
  | "NOT_FOUND"
  | "BREAK_GLASS_REQUIRED";

/** HTTP status and gRPC status code for each reason. */
export const DENIALS: Record<Denial, { http: number; grpc: string }> = {
  UNAUTHENTICATED: { http: 401, grpc: "UNAUTHENTICATED" },
  PERMISSION_DENIED: { http: 403, grpc: "PERMISSION_DENIED" },
  NOT_OWNER: { http: 403, grpc: "PERMISSION_DENIED" },
  NOT_FOUND: { http: 404, grpc: "NOT_FOUND" },
  BREAK_GLASS_REQUIRED: { http: 403, grpc: "PERMISSION_DENIED" },
};

/** Returns the role of a caller. Undefined for callers that are not users. */
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

/** Refusal that the access rule in the proto file requires. Undefined if the rule admits the caller. */
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
      throw new Error("The method has no access rule.");
  }
}

/**
 * Refusal that the object requires, for a caller whom the access rule admits. Undefined if the call is
 * allowed.
 */
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
