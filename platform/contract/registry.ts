import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Every message, enum and service of the contract, read from the descriptor set that `npm run generate` built. */
export const registry: FileRegistry = createFileRegistry(
  fromBinary(
    FileDescriptorSetSchema,
    readFileSync(createRequire(import.meta.url).resolve("@medconnect/proto/descriptors.binpb")),
  ),
);
