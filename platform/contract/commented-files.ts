import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** The proto files of the contract with their comments. Each call reads and decodes 400 kB. */
export function commentedFiles(): FileDescriptorProto[] {
  const file = createRequire(import.meta.url).resolve("@medconnect/proto/descriptors-with-comments.binpb");
  return fromBinary(FileDescriptorSetSchema, readFileSync(file)).file;
}
