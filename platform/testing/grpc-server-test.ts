import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type SecureClientSessionOptions,
} from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach } from "@jest/globals";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import pino from "pino";
import { GrpcClient, type Secured, within } from "../grpc/client.ts";
import { CONNECTION_LIMITS, type ConnectionLimits } from "../grpc/connection-limits.ts";
import { GrpcServer, type ServerOptions } from "../grpc/server.ts";

const { getJwks } = KeyServiceService;

/** Maximum number of concurrent calls, unless a test sets a different limit. */
export const MAX_CALLS = 50;

/** A gRPC server with one method, `getJwks`, and clients of it. Each test starts its own server. */
export class GrpcServerTest {
  /** Time in ms that each call takes. */
  answerAfterMs = 0;
  readonly logLines: Record<string, unknown>[] = [];
  readonly #sessions: ClientHttp2Session[] = [];
  readonly #clients: GrpcClient[] = [];
  #server: GrpcServer | undefined;
  #address = "";

  /** Registers the hook that stops everything after each test. */
  constructor() {
    afterEach(async () => {
      this.logLines.length = 0;
      this.answerAfterMs = 0;
      for (const session of this.#sessions.splice(0)) session.destroy();
      this.closeClients();
      await this.server.drain(0);
    });
  }

  get server(): GrpcServer {
    if (!this.#server) throw new Error("the server has not started");
    return this.#server;
  }

  get address(): string {
    return this.#address;
  }

  async start(limits: Partial<ConnectionLimits> = {}, options: Partial<ServerOptions> = {}): Promise<void> {
    this.#server = new GrpcServer({
      identity: {} as never,
      log: pino({ level: "warn" }, { write: (line) => this.logLines.push(JSON.parse(line)) }),
      tls: undefined,
      traceRatio: 0,
      credentialLimit: 0,
      reauthenticationMs: 0,
      maxConcurrentCalls: MAX_CALLS,
      maxCallerCalls: 0,
      maxPeerConnections: 0,
      connections: { ...CONNECTION_LIMITS, ...limits },
      onDenied: () => undefined,
      ...options,
    });
    this.#server.serve(KeyServiceService, undefined, {
      getJwks: async () => {
        await delay(this.answerAfterMs);
        return { keys: [] };
      },
      listRevocations: async () => ({ revocations: [], nextSessionId: "" }),
    });
    this.#address = `127.0.0.1:${await this.#server.listen("127.0.0.1", 0)}`;
  }

  newClient(secured?: Secured): GrpcClient {
    const client = new GrpcClient(this.#address, secured);
    this.#clients.push(client);
    return client;
  }

  closeClients(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  /** Opens an HTTP/2 connection without a gRPC client. */
  newSession(options: SecureClientSessionOptions = {}): ClientHttp2Session {
    const session = connect(`http://${this.#address}`, options);
    session.on("error", () => {});
    this.#sessions.push(session);
    return session;
  }
}

export const call = (client: GrpcClient) => client.call(getJwks, {}, { deadline: within(5000) });

/** Opens a stream and sends its headers only. */
export function openStream(session: ClientHttp2Session, path: string = getJwks.path): ClientHttp2Stream {
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers, { endStream: false });
  return stream.on("error", () => {}).resume();
}
