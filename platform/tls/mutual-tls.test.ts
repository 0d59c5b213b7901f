import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type SecureVersion } from "node:tls";
import {
  credentials,
  type MethodDefinition,
  Server,
  type ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Authority, type Subject } from "@medconnect/ops/certificates/authority.ts";
import type { TlsIdentity } from "../config/tls-identity.ts";
import { GrpcClient, within } from "../grpc/client.ts";
import { isCertifiedAs, MutualTls } from "./mutual-tls.ts";

const HOUR_MS = 3_600_000;
const soon = new Date(Date.now() + HOUR_MS);
const asIs = (bytes: Buffer) => bytes;

/** RPC that answers which of the names "ehr" and "clinical" the certificate of the caller has. */
const WHO: MethodDefinition<Buffer, Buffer> = {
  path: "/test.Test/Who",
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};

let ca: Authority;
let otherCa: Authority;
let ehr: TlsIdentity;
let auth: TlsIdentity;
let tls: MutualTls;
let server: Server;
let port: number;

async function issue(by: Authority, subject: Partial<Subject> & { name: string }): Promise<TlsIdentity> {
  const usage = "client";
  const pair = await by.issue({ altNames: [subject.name], usage, notAfter: soon, ...subject });
  return { ...pair, ca: ca.pair.cert };
}

beforeAll(async () => {
  ca = await Authority.create("CA", soon);
  otherCa = await Authority.create("CA", soon);
  ehr = await issue(ca, { name: "ehr" });
  auth = await issue(ca, { name: "auth", usage: "server" });
  tls = new MutualTls(auth);
  [server, port] = await serve(tls.server);
});
afterAll(() => server.forceShutdown());

async function serve(as: ServerCredentials): Promise<[Server, number]> {
  const made = new Server();
  made.addService(
    { who: WHO },
    {
      who: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        const { sslPeerCertificate } = call.getAuthContext();
        const names = ["ehr", "clinical"].filter((name) => isCertifiedAs(name, sslPeerCertificate));
        callback(null, Buffer.from(names.join()));
      },
    },
  );
  const bound = await new Promise<number>((resolve, reject) => {
    made.bindAsync("127.0.0.1:0", as, (error, number) => (error ? reject(error) : resolve(number)));
  });
  return [made, bound];
}

/** Calls the server with this identity, or without TLS. Returns its answer. */
async function call(identity: TlsIdentity | undefined, serverName = "auth", to = port): Promise<string> {
  const secured = identity && { tls: new MutualTls(identity), serverName };
  const client = new GrpcClient(`127.0.0.1:${to}`, secured);
  try {
    const { message } = await client.call(WHO, Buffer.alloc(0), { deadline: within(5000) });
    return message.toString();
  } catch (error) {
    return (error as { reason: string }).reason;
  } finally {
    client.close();
  }
}

describe("a client is accepted", () => {
  test("with a certificate of the CA, and its name is known", async () => {
    expect(await call(ehr)).toBe("ehr");
  });

  test("with a certificate for both client and server use", async () => {
    expect(await call(await issue(ca, { name: "clinical", usage: "server" }))).toBe("clinical");
  });
});

describe("a client is refused at once", () => {
  test("that speaks no TLS", async () => {
    expect(await call(undefined)).toBe("UNAVAILABLE");
  });

  test("without a certificate", async () => {
    const client = new GrpcClient(`127.0.0.1:${port}`, {
      tls: { client: credentials.createSsl(Buffer.from(ca.pair.cert)) } as MutualTls,
      serverName: "auth",
    });
    const answer = client.call(WHO, Buffer.alloc(0), { deadline: within(5000) });
    await expect(answer).rejects.toMatchObject({ reason: "UNAVAILABLE" });
    client.close();
  });

  test("with a certificate of another CA of the same name", async () => {
    expect(await call(await issue(otherCa, { name: "ehr" }))).toBe("UNAVAILABLE");
  });

  test("with one that has expired", async () => {
    expect(await call(await issue(ca, { name: "ehr", notAfter: new Date(Date.now() - 1000) }))).toBe(
      "UNAVAILABLE",
    );
  });

  test("that only speaks TLS 1.2", async () => {
    const refused = connect({ ...ehr, maxVersion: "TLSv1.2" as SecureVersion });
    await expect(refused).rejects.toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
    expect(await connect(ehr)).toBe("TLSv1.3");
  });

  test("that sends plain text", async () => {
    const socket = connectTcp(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\n\r\n");
    socket.resume();
    await once(socket, "close");
  });

  test("that stays silent for seconds", async () => {
    // The connection is closed by our time limit for handshakes. The default of Node is two minutes.
    const socket = connectTcp(port, "127.0.0.1").resume();
    await once(socket, "close");
  });
});

describe("a server is refused", () => {
  test("that has another service's certificate", async () => {
    expect(await call(ehr, "billing")).toBe("UNAVAILABLE");
  });

  test("that has a certificate of another CA", async () => {
    const impostor = await issue(otherCa, { name: "auth", usage: "server" });
    const [fake, fakePort] = await serve(new MutualTls(impostor).server);
    expect(await call(ehr, "auth", fakePort)).toBe("UNAVAILABLE");
    fake.forceShutdown();
  });

  test("that has a client's certificate, whatever name is in it", async () => {
    const impostor = await issue(ca, { name: "auth", usage: "client" });
    const [fake, fakePort] = await serve(new MutualTls(impostor).server);
    expect(await call(ehr, "auth", fakePort)).toBe("UNAVAILABLE");
    fake.forceShutdown();
  });
});

test("after a replacement, clients of the new CA are accepted, and those of the old one refused", async () => {
  const newOnes = { ca: otherCa.pair.cert };
  const newAuth = { ...(await issue(otherCa, { name: "auth", usage: "server" })), ...newOnes };
  const newEhr = { ...(await issue(otherCa, { name: "ehr" })), ...newOnes };
  const own = new MutualTls(auth);
  const [renewed, renewedPort] = await serve(own.server);
  const clientTls = new MutualTls(ehr);
  const client = () => new GrpcClient(`127.0.0.1:${renewedPort}`, { tls: clientTls, serverName: "auth" });
  const ask = async (by: GrpcClient) =>
    (await by.call(WHO, Buffer.alloc(0), { deadline: within(5000) })).message.toString();

  const open = client();
  expect(await ask(open)).toBe("ehr");
  own.replace(newAuth);
  expect(await call(ehr, "auth", renewedPort)).toBe("UNAVAILABLE");
  // The open connection keeps the old certificate. A new connection gets the new certificate.
  expect(await ask(open)).toBe("ehr");
  clientTls.replace(newEhr);
  const anew = client();
  expect(await ask(anew)).toBe("ehr");
  for (const each of [open, anew]) each.close();
  renewed.forceShutdown();
});

/**
 * Connects and returns the negotiated version of TLS. With TLS 1.3, a client learns only after the handshake
 * that its certificate is refused, so this returns a version even then.
 */
async function connect(options: TlsIdentity & { maxVersion?: SecureVersion }): Promise<string | null> {
  const socket = connectTls({ host: "127.0.0.1", port, servername: "auth", ...options });
  try {
    await once(socket, "secureConnect");
    return socket.getProtocol();
  } finally {
    socket.destroy();
  }
}
