import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Messages, enums and services of the contract, from the descriptor set of `npm run generate`. */
export const registry: FileRegistry = createFileRegistry(
  fromBinary(
    FileDescriptorSetSchema,
    readFileSync(createRequire(import.meta.url).resolve("@medconnect/proto/descriptors.binpb")),
  ),
);
