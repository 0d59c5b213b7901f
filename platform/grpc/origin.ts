import { isIP } from "node:net";
import type { ServerUnaryCall } from "@grpc/grpc-js";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import { canonicalAddress } from "../network/client-network.ts";
import { isCertifiedAs, type MutualTls } from "../tls/mutual-tls.ts";
import { bearerToken } from "./access.ts";
import { header } from "./header.ts";

/**
 * Headers with which the gateway describes the client whose call it forwards. Servers ignore them unless the
 * call has the token of the gateway.
 */
export const CLIENT_ADDRESS_KEY = "x-forwarded-for";
export const CLIENT_AGENT_KEY = "x-forwarded-user-agent";
export const GATEWAY_TOKEN_KEY = "x-gateway-token";

type Incoming = Pick<ServerUnaryCall<unknown, unknown>, "metadata" | "getPeer" | "getAuthContext">;

/**
 * Means to verify that a call came through the gateway. The call must have the gateway's token. With TLS, the
 * connection must also have the gateway's certificate.
 */
export interface GatewayProof {
  serviceTokens: ServiceTokens;
  tls: MutualTls | undefined;
}

/** Where a call comes from. */
export interface Origin {
  /**
   * IP address of the client: as the gateway states it for a forwarded call, otherwise the peer of the
   * connection.
   */
  readonly address: string;
  /**
   * `User-Agent` of the client, cut and trimmed by `cleanUserAgent`. Users see it in the list of their
   * sessions. Clients can forge it.
   */
  readonly userAgent: string;
  /** True if the gateway forwards the call of a client. */
  readonly isByGateway: boolean;
  /**
   * Returns the name of the service that calls on its own behalf, proved by token and certificate. Returns
   * undefined if the caller is not a service. The token is verified at the first call of this function.
   */
  readonly service: () => Promise<string | undefined>;
}

export async function originOf(incoming: Incoming, proof: GatewayProof): Promise<Origin> {
  const isByGateway = (await serviceOf(header(incoming, GATEWAY_TOKEN_KEY), incoming, proof)) === "gateway";
  let service: Promise<string | undefined> | undefined;
  const told = header(incoming, CLIENT_ADDRESS_KEY) ?? "";
  return {
    address: canonicalAddress(isByGateway && isIP(told) ? told : peerAddress(incoming.getPeer())),
    userAgent: cleanUserAgent(header(incoming, isByGateway ? CLIENT_AGENT_KEY : "user-agent") ?? ""),
    isByGateway,
    service: () => (service ??= callerOf(incoming, proof)),
  };
}

const MAX_AGENT_LENGTH = 256;

/**
 * Keeps at most 256 printable ASCII characters of a `User-Agent` header. Trims the text, because HTTP/2
 * forbids space at either end of a value (RFC 9113 §8.2.1).
 */
export const cleanUserAgent = (header: string): string =>
  header
    .replace(/[^ -~]/g, "")
    .slice(0, MAX_AGENT_LENGTH)
    .trim();

async function callerOf(incoming: Incoming, proof: GatewayProof): Promise<string | undefined> {
  try {
    return await serviceOf(bearerToken(header(incoming, "authorization")), incoming, proof);
  } catch {
    // Ignores an invalid token here, because the access check refuses it later.
    return undefined;
  }
}

/**
 * Returns the name of the service in a token; undefined if there is no valid one. With TLS, the certificate
 * of the connection must have the same name. Each service could sign a token in the name of another service,
 * but it has a certificate for its own name only.
 */
async function serviceOf(
  token: string | undefined,
  incoming: Incoming,
  { serviceTokens, tls }: GatewayProof,
): Promise<string | undefined> {
  if (token === undefined) return undefined;
  const caller = await serviceTokens.verify(token).catch(() => undefined);
  if (!caller || !tls) return caller?.name;
  return isCertifiedAs(caller.name, incoming.getAuthContext().sslPeerCertificate) ? caller.name : undefined;
}

/** Removes the port: "192.0.2.7:50312" → "192.0.2.7", "2001:db8::1:50312" → "2001:db8::1". */
const peerAddress = (peer: string): string => peer.slice(0, peer.lastIndexOf(":"));
