import { randomUUID } from "node:crypto";
import { scopes as all } from "@medconnect/platform/contract/scopes.ts";
import type { Account } from "./accounts.ts";
import { Api } from "./api.ts";

/** Account of an internal system. */
export interface ServiceAccount {
  id: string;
  secret: string;
  /** Access token with the scopes that `isWanted` selects; default: all. */
  token(isWanted?: (scope: string) => boolean): Promise<string>;
}

/** Creates a service account. @param scopes default: all existing ones */
export async function makeServiceAccount(
  { api: asAdmin }: Account,
  scopes: string[] = [...all],
): Promise<ServiceAccount> {
  const made = await asAdmin.ok("POST /v1/admin/service-accounts", {
    body: { name: `System ${randomUUID()}`, scopes },
  });
  const [id, secret] = [String(made.id), String(made.clientSecret)];
  const tokens = new Map<string, Promise<string>>();
  const token = (isWanted: (scope: string) => boolean = () => true) => {
    const scope = scopes.filter(isWanted).join(" ");
    const known = tokens.get(scope) ?? tokenOf(new Api(asAdmin.url), id, secret, scope);
    tokens.set(scope, known);
    return known;
  };
  return { id, secret, token };
}

/** Exchanges a secret for a token. */
export async function tokenOf(api: Api, clientId: string, clientSecret: string, scope = ""): Promise<string> {
  const body = { grantType: "client_credentials", clientId, clientSecret, scope };
  return String((await api.ok("POST /v1/auth/token", { body })).accessToken);
}
