import * as z from "zod";
import type { ServiceName } from "./services.ts";

/** gRPC address of each service, as host:port or `dns:///name:port`. */
export const addressSettings = {
  AUTH_ADDRESS: z.string().default("127.0.0.1:50051"),
  SCHEDULING_ADDRESS: z.string().default("127.0.0.1:50052"),
  CLINICAL_ADDRESS: z.string().default("127.0.0.1:50053"),
  BILLING_ADDRESS: z.string().default("127.0.0.1:50054"),
};

export type Addresses = z.infer<z.ZodObject<typeof addressSettings>>;

export const addressOf = (service: ServiceName, addresses: Addresses): string =>
  addresses[`${service.toUpperCase() as Uppercase<ServiceName>}_ADDRESS`];
