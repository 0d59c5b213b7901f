import { isIP } from "node:net";
import type { ServerUnaryCall } from "@grpc/grpc-js";
import type { ServiceTokens } from "../identity/service-tokens.ts";

/** Whose request the gateway passes on … */
export const CLIENT_ADDRESS_KEY = "x-forwarded-for";
/** … which is believed only with a token by which the service knows the gateway. */
export const GATEWAY_TOKEN_KEY = "x-gateway-token";

type Incoming = Pick<ServerUnaryCall<unknown, unknown>, "metadata" | "getPeer">;

/** The address that a request comes from: the connection's, or what the gateway says; anybody else may say anything. */
export async function clientAddressOf(incoming: Incoming, tokens: ServiceTokens): Promise<string> {
  const told = headerOf(incoming, CLIENT_ADDRESS_KEY);
  const token = headerOf(incoming, GATEWAY_TOKEN_KEY);
  const isTold = isIP(told) !== 0 && token !== "" && (await isGateway(token, tokens));
  return isTold ? told : peerAddress(incoming.getPeer());
}

const isGateway = (token: string, tokens: ServiceTokens): Promise<boolean> =>
  tokens.verify(token).then(
    ({ name }) => name === "gateway",
    () => false,
  );

/** "192.0.2.7:50312" → "192.0.2.7", "2001:db8::1:50312" → "2001:db8::1". */
const peerAddress = (peer: string): string => peer.slice(0, peer.lastIndexOf(":"));

function headerOf({ metadata }: Incoming, name: string): string {
  const [value = ""] = metadata.get(name);
  return value.toString();
}
