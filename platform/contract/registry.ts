import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** All messages, enums and services of the contract, from the descriptors that `npm run generate` writes. */
export const registry: FileRegistry = createFileRegistry(
  fromBinary(
    FileDescriptorSetSchema,
    readFileSync(createRequire(import.meta.url).resolve("@medconnect/proto/descriptors.binpb")),
  ),
);

/** A message of the contract, by its full name. Throws if there is none. */
export function messageNamed(typeName: string): DescMessage {
  const message = registry.getMessage(typeName);
  if (!message) throw new Error(`the contract has no message ${typeName}`);
  return message;
}
