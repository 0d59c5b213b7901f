import { createRequire } from "node:module";
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type {
  handleBidiStreamingCall,
  MethodDefinition,
  Server,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { PackageDefinition } from "@grpc/proto-loader";
import { commentedFiles } from "./commented-files.ts";

/** The versions of the protocol. Some clients know only the older one. */
const METHODS = ["v1", "v1alpha"].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);

type Handler = handleBidiStreamingCall<unknown, unknown>;
type Method = MethodDefinition<unknown, unknown> & { handler: Handler };

/**
 * Adds gRPC reflection. The first call loads the package and indexes the contract, because this takes 27 MB of
 * memory and a third of a process's start, and few processes get such a call.
 */
export function addReflection(server: Server): void {
  let methods: Map<string, Method> | undefined;
  for (const path of METHODS) {
    const method = (): Method => {
      methods ??= loadMethods();
      return methods.get(path) as Method;
    };
    const definition: MethodDefinition<unknown, unknown> = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (request) => method().requestSerialize(request),
      requestDeserialize: (bytes) => method().requestDeserialize(bytes),
      responseSerialize: (response) => method().responseSerialize(response),
      responseDeserialize: (bytes) => method().responseDeserialize(bytes),
    };
    const handler: Handler = (stream) => method().handler(stream);
    server.addService({ ServerReflectionInfo: definition }, { ServerReflectionInfo: handler });
  }
}

/** Methods of the package by path. Their descriptors come from buf, because those of proto-loader lack imports. */
function loadMethods(): Map<string, Method> {
  const { ReflectionService } = createRequire(import.meta.url)(
    "@grpc/reflection",
  ) as typeof import("@grpc/reflection");
  const fileDescriptorProtos = commentedFiles().map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
  );
  const contract: PackageDefinition = {
    contract: {
      format: "Protocol Buffer 3 DescriptorProto",
      type: {},
      fileDescriptorProtos,
      // Never called, because reflection only reads the descriptors.
      serialize: () => Buffer.alloc(0),
      deserialize: () => ({}),
    },
  };
  const methods = new Map<string, Method>();
  const addService = (definitions: ServiceDefinition, handlers: UntypedServiceImplementation) => {
    for (const [name, definition] of Object.entries(definitions))
      methods.set(definition.path, { ...definition, handler: handlers[name] } as Method);
  };
  new ReflectionService(contract).addToServer({ addService } as unknown as Server);
  return methods;
}
