import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { PackageDefinition } from "@grpc/proto-loader";

/** The contract's files as buf wrote them, for gRPC server reflection; proto-loader's own lack what they import. */
export function contractPackage(): PackageDefinition {
  const file = createRequire(import.meta.url).resolve("@medconnect/proto/descriptors.binpb");
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(file));
  const fileDescriptorProtos = set.file.map((f) => Buffer.from(toBinary(FileDescriptorProtoSchema, f)));
  return {
    contract: {
      format: "Protocol Buffer 3 DescriptorProto",
      type: {},
      fileDescriptorProtos,
      // Reflection reads the descriptors only.
      serialize: () => Buffer.alloc(0),
      deserialize: () => ({}),
    },
  };
}
