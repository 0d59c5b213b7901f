import { scopes as declared } from "@medconnect/platform/contract/scopes.ts";
import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";

/** Throws INVALID_REQUEST for a scope that no method declares. */
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
 * Returns the scopes that a token gets (RFC 6749 §3.3). Throws INVALID_SCOPE for a scope that the account
 * does not have.
 *
 * @param granted scopes of the account
 * @param requested scopes separated by spaces; an empty text means all scopes of the account
 */
export function grantedScopes(granted: readonly string[], requested: string): string[] {
  const scopes = requested.split(" ").filter((scope) => scope !== "");
  if (!scopes.every((scope) => granted.includes(scope))) throw new ApiError("INVALID_SCOPE");
  return scopes.length === 0 ? [...granted] : [...new Set(scopes)];
}
