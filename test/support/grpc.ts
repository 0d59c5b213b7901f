import { join } from "node:path";
import {
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync, type MessageTypeDefinition, type MethodDefinition } from "@grpc/proto-loader";
import type { Json } from "./api.ts";
import type { Running } from "./stack.ts";

const PROTO = join(import.meta.dirname, "../../proto");
const FILES = [
  "google/rpc/status.proto",
  "google/rpc/error_details.proto",
  "medconnect/audit/v1/audit.proto",
  "medconnect/auth/v1/actor_service.proto",
  "medconnect/auth/v1/auth_service.proto",
  "medconnect/auth/v1/break_glass_service.proto",
  "medconnect/auth/v1/key_service.proto",
  "medconnect/auth/v1/mail_service.proto",
  "medconnect/auth/v1/service_account_service.proto",
  "medconnect/auth/v1/user_service.proto",
  "medconnect/billing/v1/payment_service.proto",
  "medconnect/billing/v1/refund_service.proto",
  "medconnect/billing/v1/webhook_service.proto",
  "medconnect/clinical/v1/consultation_service.proto",
  "medconnect/clinical/v1/prescription_service.proto",
  "medconnect/events/v1/events.proto",
  "medconnect/operations/v1/outbox_service.proto",
  "medconnect/operations/v1/stats_service.proto",
  "medconnect/scheduling/v1/booking_service.proto",
  "medconnect/scheduling/v1/doctor_service.proto",
  "medconnect/scheduling/v1/license_service.proto",
  "medconnect/scheduling/v1/slot_service.proto",
];

/** The API, loaded from the .proto files, as an external client would load it. */
const contract = loadSync(FILES, {
  includeDirs: [PROTO, join(PROTO, "vendor")],
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

export type Method = MethodDefinition<object, object>;
export type ServiceName = keyof Running["addresses"];

/** Fields of every message, as FieldDescriptorProto. The key is the full name of the message. */
export const messageTypes: ReadonlyMap<string, object[]> = new Map(
  Object.entries(contract)
    .filter(([, definition]) => "type" in definition && "field" in (definition.type as object))
    .map(([name, definition]) => [name, (definition as unknown as { type: { field: object[] } }).type.field]),
);

/** RPCs by path, such as "/medconnect.auth.v1.AuthService/Login". */
export const methods: ReadonlyMap<string, Method> = new Map(
  Object.values(contract)
    .filter((definition) => !("format" in definition))
    .flatMap((service) => Object.values(service as Record<string, Method>))
    .map((method) => [method.path, method]),
);

/** Returns the services that serve an RPC: the service that owns it, or all services for a shared RPC. */
export function serversOf({ path }: Method): ServiceName[] {
  const all: ServiceName[] = ["auth", "scheduling", "clinical", "billing"];
  const owner = path.split(".")[1];
  return all.some((name) => name === owner) ? all.filter((name) => name === owner) : all;
}

/** Outcome of a gRPC call. */
export interface Reply {
  code: status;
  /** Name of the status code, such as "NOT_FOUND". */
  name: string;
  /** Reason in the status's ErrorInfo. Undefined if the call succeeded, or if the gRPC library failed. */
  reason: string | undefined;
  /** Message of the status; empty if the call succeeded. */
  detail: string;
  /** Field violations in the status's BadRequest. */
  violations: Json[];
  body: Json;
  trailer: Metadata;
}

/** Size of a response's trailer on the wire in bytes, including the status message. */
export const trailerBytes = ({ trailer, detail }: Reply): number =>
  Object.entries(trailer.toHttp2Headers())
    .flatMap(([name, values]) => [values].flat().map((value) => name.length + String(value).length))
    .reduce((sum, bytes) => sum + bytes, encodeURI(detail.toWellFormed()).length);

/** Access token and headers of a call. */
export interface Credential {
  token?: string;
  headers?: Record<string, string>;
}

export interface GrpcOptions {
  /** Credentials of the connection; default: plaintext. */
  security?: ChannelCredentials;
  /** Name that the server's certificate must contain. Default: the host of the server's address. */
  serverName?: string | undefined;
}

/** A direct gRPC connection to one service. */
export class Grpc {
  readonly #client: Client;

  constructor(address: string, { security = credentials.createInsecure(), serverName }: GrpcOptions = {}) {
    const options = serverName === undefined ? {} : { "grpc.ssl_target_name_override": serverName };
    this.#client = new Client(address, security, options);
  }

  /** Calls an RPC. @param rpc service and method, such as "scheduling.v1.BookingService/GetBooking" */
  async call(rpc: string, request: Json, sent: Credential = {}): Promise<Reply> {
    const method = methods.get(`/medconnect.${rpc}`);
    if (!method) throw new Error(`The contract has no RPC ${rpc}.`);
    return await this.send(method, method.requestSerialize(request), sent);
  }

  /** Calls an RPC with the given bytes, which need not be a valid message. */
  send({ path, responseDeserialize }: Method, bytes: Buffer, sent: Credential = {}): Promise<Reply> {
    const metadata = Metadata.fromHttp2Headers({
      ...(sent.token !== undefined && { authorization: `Bearer ${sent.token}` }),
      ...sent.headers,
    });
    return new Promise((resolve) => {
      let end: ServiceError | null = null;
      let body: Json = {};
      this.#client
        .makeUnaryRequest(
          path,
          (request: Buffer) => request,
          responseDeserialize,
          bytes,
          metadata,
          { deadline: Date.now() + 30_000 },
          (error, message) => {
            end = error;
            body = (message ?? {}) as Json;
          },
        )
        .once("status", ({ code, metadata: trailer }) => {
          const detail = end?.details ?? "";
          resolve({ code, name: status[code] ?? "", detail, ...detailsOf(end), body, trailer });
        });
    });
  }

  /**
   * Lists the services of the server with server reflection (grpc.reflection.v1). `answer` contains their
   * names.
   */
  listServices(): Promise<{ code: status; answer: string }> {
    // The encoded message ServerReflectionRequest { list_services: "" }. Its field `list_services` has the
    // number 7.
    const request = Buffer.from([0x3a, 0x00]);
    const asIs = (bytes: Buffer) => bytes;
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const options = { deadline: Date.now() + 30_000 };
    return new Promise((resolve) => {
      let answer = "";
      const stream = this.#client.makeBidiStreamRequest(path, asIs, asIs, options);
      stream.on("data", (bytes: Buffer) => {
        answer += bytes.toString("latin1");
      });
      stream.on("error", () => {});
      stream.on("status", ({ code }) => resolve({ code, answer }));
      stream.end(request);
    });
  }

  close(): void {
    this.#client.close();
  }
}

function detailsOf(error: ServiceError | null): Pick<Reply, "reason" | "violations"> {
  const [bytes] = error?.metadata.get("grpc-status-details-bin") ?? [];
  if (!(bytes instanceof Buffer)) return { reason: undefined, violations: [] };
  const { details } = decode("google.rpc.Status", bytes) as {
    details: { type_url: string; value: Buffer }[];
  };
  const find = (type: string): Json => {
    const any = details.find(({ type_url }) => type_url === `type.googleapis.com/${type}`);
    return any ? decode(type, any.value) : {};
  };
  const { reason } = find("google.rpc.ErrorInfo");
  const { fieldViolations = [] } = find("google.rpc.BadRequest");
  return { reason: reason as string | undefined, violations: fieldViolations as Json[] };
}

function decode(type: string, bytes: Buffer): Json {
  return (contract[type] as MessageTypeDefinition<object, object>).deserialize(bytes) as Json;
}
