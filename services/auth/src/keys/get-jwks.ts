import type { GetJwksRequest, Jwks } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import type { Auth } from "../app.ts";

/** KeyService.GetJwks: the public keys that verify access tokens, including the next signing key. */
export const getJwks = async (app: Auth, _: GetJwksRequest): Promise<Jwks> => ({
  keys: await app.signingKeys.published(),
});
