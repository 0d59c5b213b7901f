import type { PeerCertificate } from "node:tls";
import { Metadata, type ServerUnaryCall } from "@grpc/grpc-js";
import { expect, jest, test } from "@jest/globals";
import { ServiceTokens } from "../identity/service-tokens.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";
import { cleanUserAgent, originOf } from "./origin.ts";

const KEY = Buffer.alloc(32, 1);
const auth = new ServiceTokens("auth", [KEY]);

const tokenOf = (maker: string, audience = "auth", key = KEY) =>
  new ServiceTokens(maker, [key]).tokenFor(audience);

const origin = (
  headers: Record<string, string | string[]>,
  {
    peer = "192.0.2.7:50312",
    tls,
    getAuthContext = () => ({}),
  }: {
    peer?: string;
    tls?: MutualTls;
    getAuthContext?: ServerUnaryCall<unknown, unknown>["getAuthContext"];
  } = {},
) =>
  originOf(
    { metadata: Metadata.fromHttp2Headers(headers), getPeer: () => peer, getAuthContext },
    { serviceTokens: auth, tls },
  );

test.each(["203.0.113.9", "2001:db8::9"])("the client address %s from the gateway counts", async (told) => {
  const headers = { "x-forwarded-for": told, "x-gateway-token": await tokenOf("gateway") };
  expect(await origin(headers)).toMatchObject({ address: told, isByGateway: true });
});

test.each<[string, () => Promise<Record<string, string>>]>([
  ["without headers", async () => ({})],
  ["without a token", async () => ({ "x-forwarded-for": "203.0.113.9" })],
  ["with a made-up token", async () => told("a.b.c")],
  ["of another service", async () => told(await tokenOf("billing"))],
  ["with a token for another service", async () => told(await tokenOf("gateway", "billing"))],
  ["with another deployment's token", async () => told(await tokenOf("gateway", "auth", Buffer.alloc(32)))],
])("a caller %s has the connection's address", async (_, headers) => {
  expect(await origin(await headers())).toMatchObject({ address: "192.0.2.7", isByGateway: false });
});

test("an invalid address from the gateway is replaced by the connection's", async () => {
  const headers = told(await tokenOf("gateway"), "203.0.113.9, 10.0.0.1");
  expect(await origin(headers)).toMatchObject({ address: "192.0.2.7", isByGateway: true });
});

test("neither of two values of a single-value header counts", async () => {
  const token = await tokenOf("gateway");
  expect(await origin({ ...told(token), "x-gateway-token": [token, "a.b.c"] })).toMatchObject({
    address: "192.0.2.7",
    isByGateway: false,
  });
  expect(await origin({ ...told(token), "x-forwarded-for": ["203.0.113.9", "203.0.113.10"] })).toMatchObject({
    address: "192.0.2.7",
    isByGateway: true,
  });
});

test("a service that calls on its own behalf is identified by its token", async () => {
  const service = async (headers: Record<string, string>) => await (await origin(headers)).service();
  const billing = await tokenOf("billing");
  expect(await service({ authorization: `Bearer ${billing}` })).toBe("billing");
  for (const headers of [{}, told(billing), { authorization: billing }, { authorization: "Bearer a.b.c" }])
    expect(await service(headers)).toBeUndefined();
});

test.each([
  ["billing", "billing"],
  ["clinical", undefined],
])(
  "with TLS, billing's token over the certificate of %s identifies %s, verified once",
  async (name, shown) => {
    const getAuthContext = jest.fn(() => ({
      sslPeerCertificate: { subjectaltname: `DNS:${name}` } as PeerCertificate,
    }));
    const headers = { authorization: `Bearer ${await tokenOf("billing")}` };
    const { service } = await origin(headers, { tls: {} as MutualTls, getAuthContext });
    expect(getAuthContext).not.toHaveBeenCalled();
    for (let i = 0; i < 2; i++) expect(await service()).toBe(shown);
    expect(getAuthContext).toHaveBeenCalledTimes(1);
  },
);

test("with TLS, the gateway's token without its certificate is no proof", async () => {
  const headers = told(await tokenOf("gateway"));
  expect(await origin(headers, { tls: {} as MutualTls })).toMatchObject({
    address: "192.0.2.7",
    isByGateway: false,
  });
});

test("the connection's address may be IPv6", async () => {
  expect(await origin({}, { peer: "2001:db8::1:50312" })).toMatchObject({ address: "2001:db8::1" });
});

test("the user agent comes from the gateway, or else from the call itself", async () => {
  const headers = { "user-agent": "grpc-node-js/1.14", "x-forwarded-user-agent": "Browser/1 (Phone)" };
  expect(await origin(headers)).toMatchObject({ userAgent: "grpc-node-js/1.14" });
  const byGateway = { ...headers, ...told(await tokenOf("gateway")) };
  expect(await origin(byGateway)).toMatchObject({ userAgent: "Browser/1 (Phone)" });
  expect(await origin(told(await tokenOf("gateway")))).toMatchObject({ userAgent: "" });
});

test.each([
  ["Browser/1 (Phone)", "Browser/1 (Phone)"],
  [" B\u00e9\u0007b\n\u202e ", "Bb"],
  ["x".repeat(300), "x".repeat(256)],
  [`${"x".repeat(255)} y`, "x".repeat(255)],
])("the user agent %j becomes %j", (header, kept) => {
  expect(cleanUserAgent(header)).toBe(kept);
});

const told = (token: string, address = "203.0.113.9") => ({
  "x-forwarded-for": address,
  "x-gateway-token": token,
});
