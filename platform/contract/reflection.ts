import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from "@grpc/proto-loader";

/** The contract as proto-loader knows it, for gRPC server reflection. */
export const contractPackage = (): PackageDefinition =>
  loadFileDescriptorSetFromBuffer(
    readFileSync(fileURLToPath(import.meta.resolve("@medconnect/proto/descriptors.binpb"))),
  );
