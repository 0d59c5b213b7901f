import * as z from "zod";
import type { ServiceName } from "./services.ts";

const address = (service: ServiceName, fallback: string) =>
  z
    .string()
    .default(fallback)
    .describe(`gRPC address of ${service}, as \`host:port\`; \`dns:///name:port\` for several instances`);

export const addressSettings = {
  AUTH_ADDRESS: address("auth", "127.0.0.1:50051"),
  SCHEDULING_ADDRESS: address("scheduling", "127.0.0.1:50052"),
  CLINICAL_ADDRESS: address("clinical", "127.0.0.1:50053"),
  BILLING_ADDRESS: address("billing", "127.0.0.1:50054"),
};

export type Addresses = z.infer<z.ZodObject<typeof addressSettings>>;

export const addressOf = (service: ServiceName, addresses: Addresses): string =>
  addresses[`${service.toUpperCase() as Uppercase<ServiceName>}_ADDRESS`];
