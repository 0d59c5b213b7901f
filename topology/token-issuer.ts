import { type GrpcClient, within } from "@medconnect/platform/grpc/client.ts";
import type { Revocation } from "@medconnect/platform/identity/revocation-lists.ts";
import type { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import type { TokenIssuer } from "@medconnect/platform/service/topology.ts";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";

const FETCH_TIMEOUT_MS = 2000;

/** Makes the client with which other processes read public keys and revoked sessions from auth. */
export const connectTokenIssuer = (auth: GrpcClient, tokens: ServiceTokens): TokenIssuer => ({
  fetchJwks: async () => {
    const { message } = await auth.call(
      KeyServiceService.getJwks,
      {},
      { deadline: within(FETCH_TIMEOUT_MS) },
    );
    return { keys: message.keys.map((key) => ({ ...key })) };
  },
  fetchRevocations: () => readRevocations(auth, tokens),
  close: () => auth.close(),
});

async function readRevocations(auth: GrpcClient, tokens: ServiceTokens): Promise<Revocation[]> {
  const metadata = { authorization: `Bearer ${await tokens.tokenFor("auth")}` };
  const all: Revocation[] = [];
  let afterSessionId = "";
  do {
    const { message } = await auth.call(
      KeyServiceService.listRevocations,
      { afterSessionId },
      { deadline: within(FETCH_TIMEOUT_MS), metadata },
    );
    for (const { sessionId, expireTime } of message.revocations) {
      // biome-ignore lint/style/noNonNullAssertion: auth's column expire_time is NOT NULL
      all.push({ sessionId, expireTime: expireTime! });
    }
    afterSessionId = message.nextSessionId;
  } while (afterSessionId !== "");
  return all;
}
