import { stringRulesOf } from "@medconnect/platform/contract/field-rules.ts";
import { messageNamed } from "@medconnect/platform/contract/registry.ts";
import { scopes } from "@medconnect/platform/contract/scopes.ts";
import { TOKEN_PATH } from "@medconnect/platform/contract/token-endpoint.ts";
import type { Request, Response } from "express";

/** Path of the metadata (RFC 8414 §3.1) of an issuer without a path. */
export const OAUTH_METADATA_PATH = "/.well-known/oauth-authorization-server";

/** Serves the metadata of the OAuth authorization server, with which libraries configure themselves. */
export function serveOAuthMetadata(apiUrl: string) {
  const metadata = oauthMetadata(apiUrl);
  return (_request: Request, response: Response): void => {
    response.setHeader("Cache-Control", "public, max-age=60").json(metadata);
  };
}

/** Metadata of RFC 8414 §2. There is no authorization endpoint, so no response type is supported. */
const oauthMetadata = (apiUrl: string) => ({
  issuer: apiUrl,
  token_endpoint: apiUrl + TOKEN_PATH,
  jwks_uri: `${apiUrl}/.well-known/jwks.json`,
  scopes_supported: [...scopes].sort(),
  response_types_supported: [],
  grant_types_supported: ["client_credentials"],
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
  token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms(),
  service_documentation: `${apiUrl}/docs/`,
});

/** Algorithms that the keys of service accounts may have. */
const assertionAlgorithms = (): string[] => {
  const { alg } = messageNamed("medconnect.auth.v1.ClientKey").field;
  return (alg && stringRulesOf(alg)?.in) ?? [];
};
