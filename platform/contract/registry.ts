import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Every message, enum and service of the contract, read from the descriptor set that `npm run generate` built. */
export const registry: FileRegistry = createFileRegistry(
  fromBinary(
    FileDescriptorSetSchema,
    readFileSync(fileURLToPath(import.meta.resolve("@medconnect/proto/descriptors.binpb"))),
  ),
);
