import { randomUUID } from "node:crypto";
import { scopes as all } from "@medconnect/platform/contract/scopes.ts";
import type { Account } from "./accounts.ts";
import { Api } from "./api.ts";

/** A service account. Internal systems call the API with such accounts. */
export interface ServiceAccount {
  id: string;
  secret: string;
  /** Gets an access token with the scopes for which `isWanted` returns true. Default: all scopes. */
  token(isWanted?: (scope: string) => boolean): Promise<string>;
}

/** Creates a service account as the admin. @param scopes default: all that exist */
export async function makeServiceAccount(
  { api: asAdmin, client }: Account,
  scopes: string[] = [...all],
): Promise<ServiceAccount> {
  const made = await client.createServiceAccount({
    serviceAccount: { name: `System ${randomUUID()}`, scopes },
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

/** Exchanges the secret of a service account for an access token. */
export async function tokenOf(api: Api, clientId: string, clientSecret: string, scope = ""): Promise<string> {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    scope,
  });
  return String((await api.ok("POST /v1/auth/token", { body })).access_token);
}
