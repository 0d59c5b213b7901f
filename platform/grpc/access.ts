import type { MethodRules } from "@medconnect/proto/es/medconnect/options/v1/options_pb.d.ts";
import {
  MethodRules_Access,
  MethodRules_Role,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { ApiError } from "../errors/api-error.ts";
import type { AccessTokenVerifier } from "../identity/access-tokens.ts";
import { ANONYMOUS, type Caller } from "../identity/caller.ts";
import { refuseHeader, refuseToken } from "../identity/refuse-token.ts";
import type { Revocations } from "../identity/revocations.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";

export interface Identity {
  readonly accessTokens: AccessTokenVerifier;
  readonly serviceTokens: ServiceTokens;
  readonly revocations: Revocations;
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/**
 * Reads the token of an `Authorization: Bearer` header (RFC 6750 §2.1). Returns undefined if there is no
 * header. Throws UNAUTHENTICATED for any other header.
 */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header === "") return undefined;
  const token = BEARER.exec(header)?.[1];
  if (!token) throw refuseHeader(header);
  return token;
}

/**
 * Identifies the caller; anonymous for PUBLIC methods. Throws UNAUTHENTICATED if the token is invalid, or if
 * the access rule of the method requires a token and there is none.
 */
export async function authenticate(
  rules: MethodRules,
  authorization: string | undefined,
  identity: Identity,
): Promise<Caller> {
  switch (rules.access) {
    case MethodRules_Access.PUBLIC:
      return ANONYMOUS;
    case MethodRules_Access.OPTIONAL:
      return authorization ? await signedIn(authorization, identity) : ANONYMOUS;
    case MethodRules_Access.INTERNAL: {
      const token = bearerToken(authorization);
      if (!token) throw refuseToken("missing");
      return await identity.serviceTokens.verify(token);
    }
    default:
      return await signedIn(authorization, identity);
  }
}

/**
 * Identifies the user or service account of a token. Throws UNAUTHENTICATED if the token is missing, invalid
 * or revoked.
 */
export async function signedIn(authorization: string | undefined, identity: Identity): Promise<Caller> {
  const text = bearerToken(authorization);
  if (!text) throw refuseToken("missing");
  const token = await identity.accessTokens.verify(text);
  identity.revocations.assertLive(token);
  return token.caller;
}

/**
 * Checks that the caller may call the method. Otherwise throws PERMISSION_DENIED, MFA_ENROLLMENT_REQUIRED or
 * REAUTHENTICATION_REQUIRED.
 *
 * @param freshSince a sign-in before this time is too old for methods that require a recent sign-in
 */
export function authorize(rules: MethodRules, caller: Caller, freshSince: Date): void {
  if (!isAllowed(rules, caller)) {
    throw new ApiError("PERMISSION_DENIED", { detail: denialOf(rules, caller) });
  }
  if (caller.kind !== "user") return;
  if (caller.mfaPending && !rules.beforeMfa) throw new ApiError("MFA_ENROLLMENT_REQUIRED");
  if (rules.freshSignIn && caller.authTime < freshSince) throw new ApiError("REAUTHENTICATION_REQUIRED");
}

/**
 * Names the caller's rights, and those that the method needs. Undefined for methods between services, which
 * users and service accounts cannot call at all.
 */
function denialOf({ access, roles, scopes }: MethodRules, caller: Caller): string | undefined {
  const needed = roles.map((role) => MethodRules_Role[role]).join(" or ");
  if (caller.kind === "user" && needed !== "") return `Your role is ${caller.role}; this needs ${needed}.`;
  if (caller.kind !== "serviceAccount" || access === MethodRules_Access.INTERNAL) return undefined;
  if (scopes.length === 0) return "This is for users; service accounts cannot call it.";
  return `The token's scopes are ${listOf([...caller.scopes])}; this needs ${scopes.join(" or ")}.`;
}

/** Maximum number of a token's scopes in a message. */
const MAX_LISTED = 5;

const listOf = (scopes: readonly string[]): string =>
  scopes.length <= MAX_LISTED ? scopes.join(", ") : `${scopes.slice(0, MAX_LISTED).join(", ")}, …`;

function isAllowed(rules: MethodRules, caller: Caller): boolean {
  switch (rules.access) {
    case MethodRules_Access.PUBLIC:
    case MethodRules_Access.OPTIONAL:
      return true;
    case MethodRules_Access.SIGNED_IN:
      return caller.kind === "user";
    case MethodRules_Access.ROLES:
      return hasRole(rules, caller) || hasScope(rules, caller);
    case MethodRules_Access.INTERNAL:
      return caller.kind === "service" && rules.callers.includes(caller.name);
    default:
      return false;
  }
}

const hasRole = ({ roles }: MethodRules, caller: Caller): boolean =>
  caller.kind === "user" && roles.includes(MethodRules_Role[caller.role]);

const hasScope = ({ scopes }: MethodRules, caller: Caller): boolean =>
  caller.kind === "serviceAccount" && scopes.some((scope) => caller.scopes.has(scope));
