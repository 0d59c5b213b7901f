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
  const metadata = { authorization: `Bearer ${await tokens.tokenFor("auth")}` };
  const all: Revocation[] = [];
  let afterSessionId = "";
  do {
    const { message } = await auth.call(
      KeyServiceService.listRevocations,
      { afterSessionId },
      { deadline: within(FETCH_TIMEOUT_MS), metadata },
    );
    for (const { sessionId, expireTime } of message.revocations)
      all.push({ sessionId, expireTime: expireTime! });
    afterSessionId = message.nextSessionId;
  } while (afterSessionId !== "");
  return all;
};
