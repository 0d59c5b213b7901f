import { scopes as declared } from "@medconnect/platform/contract/scopes.ts";
import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";

/** Throws INVALID_REQUEST for a scope that no method names. */
export function assertDeclared(scopes: readonly string[]): void {
  for (const [index, scope] of scopes.entries()) {
    if (declared.has(scope)) continue;
    throw invalidField(
      `service_account.scopes[${index}]`,
      `is not a scope; there are ${[...declared].sort().join(", ")}`,
    );
  }
}

/**
 * What a token gets of what its account has (RFC 6749 §3.3).
 *
 * @param asked scopes separated by spaces; empty: all
 * @throws INVALID_SCOPE for one that the account does not have
 */
export function grantedScopes(granted: readonly string[], asked: string): string[] {
  const scopes = asked.split(" ").filter((scope) => scope !== "");
  if (!scopes.every((scope) => granted.includes(scope))) throw new ApiError("INVALID_SCOPE");
  return scopes.length === 0 ? [...granted] : [...new Set(scopes)];
}
