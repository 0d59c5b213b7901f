import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from "@grpc/proto-loader";

/** The contract as proto-loader knows it, for gRPC server reflection. */
export const contractPackage = (): PackageDefinition =>
  loadFileDescriptorSetFromBuffer(
    readFileSync(createRequire(import.meta.url).resolve("@medconnect/proto/descriptors.binpb")),
  );
