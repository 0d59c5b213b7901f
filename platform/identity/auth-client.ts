import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import type { JSONWebKeySet } from "jose";
import { type GrpcClient, within } from "../grpc/client.ts";
import type { Revocation } from "./revocation-lists.ts";
import type { ServiceTokens } from "./service-tokens.ts";

const FETCH_TIMEOUT_MS = 2000;

/** Reads the public keys from auth. */
export const jwksOf = (auth: GrpcClient) => async (): Promise<JSONWebKeySet> => {
  const { message } = await auth.call(KeyServiceService.getJwks, {}, { deadline: within(FETCH_TIMEOUT_MS) });
  return { keys: message.keys.map((key) => ({ ...key })) };
};

/** Reads the revoked sessions from auth. */
export const revocationsOf = (auth: GrpcClient, tokens: ServiceTokens) => async (): Promise<Revocation[]> => {
  const { message } = await auth.call(
    KeyServiceService.listRevocations,
    {},
    {
      deadline: within(FETCH_TIMEOUT_MS),
      metadata: { authorization: `Bearer ${await tokens.tokenFor("auth")}` },
    },
  );
  return message.revocations.map(({ sessionId, expireTime }) => ({ sessionId, expireTime: expireTime! }));
};
