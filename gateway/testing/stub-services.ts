import { fromBinary, fromJson, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf";
import {
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import { type Method, methods } from "@medconnect/platform/contract/methods.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { toGrpcStatus } from "@medconnect/platform/grpc/status.ts";
import { rawMethod } from "../upstream/services.ts";

/** A call that a stub answers, with the request as JSON. */
export interface StubCall {
  readonly method: string;
  readonly request: JsonObject;
  readonly metadata: Record<string, unknown>;
  readonly cancelled: () => boolean;
  /** Metadata that the stub sends after the answer. */
  readonly trailer: Metadata;
}

export type Stub = (call: StubCall) => JsonObject | Promise<JsonObject>;

/** A gRPC server with every method of the contract. Tests set the answers in `stubs`. */
export class StubServices {
  /** Stubs by method name. A method without a stub answers with an empty message. */
  readonly stubs = new Map<string, Stub>();
  readonly calls: StubCall[] = [];
  readonly #server = new Server();

  constructor() {
    const byService = Map.groupBy(methods.values(), (method) => method.desc.parent.typeName);
    for (const group of byService.values()) {
      this.#server.addService(
        Object.fromEntries(group.map((method) => [method.name, rawMethod(method.path)])),
        Object.fromEntries(group.map((method) => [method.name, this.#answer(method)])),
      );
    }
  }

  /** Starts to listen. @returns the address */
  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(`127.0.0.1:${port}`),
      );
    });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #answer(method: Method): handleUnaryCall<Buffer, Buffer> {
    return async (call: ServerUnaryCall<Buffer, Buffer>, callback) => {
      const trailer = new Metadata();
      try {
        const stubCall: StubCall = {
          method: method.name,
          request: toJson(method.input, fromBinary(method.input, call.request)) as JsonObject,
          metadata: call.metadata.getMap(),
          cancelled: () => call.cancelled,
          trailer,
        };
        this.calls.push(stubCall);
        const answer = (await this.stubs.get(method.name)?.(stubCall)) ?? {};
        callback(null, Buffer.from(toBinary(method.output, fromJson(method.output, answer))), trailer);
      } catch (error) {
        callback(toGrpcStatus(ApiError.from(error)));
      }
    };
  }
}
