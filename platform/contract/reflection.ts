import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import type { PackageDefinition } from "@grpc/proto-loader";
import { commentedFiles } from "./commented-files.ts";

/** Adds gRPC reflection. The descriptors come from buf, because those of proto-loader lack imported files. */
export async function addReflection(server: Server): Promise<void> {
  // Loaded only if reflection is used, because this package takes 27 MB of memory, including protobufjs.
  const { ReflectionService } = await import("@grpc/reflection");
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
  new ReflectionService(contract).addToServer(server);
}
