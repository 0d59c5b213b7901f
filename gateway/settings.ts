import { duration, processSettings, requestsAMinute } from "@medconnect/platform/config/config.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import * as z from "zod";

const commaList = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((part) => part.trim() || []));

/** Settings of the gateway. */
export const gatewaySettings = {
  ...processSettings,
  ...addressSettings,
  PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  /** Requests a minute for each user or address; 0 is no limit. */
  RATE_LIMIT_READ: requestsAMinute(600),
  RATE_LIMIT_WRITE: requestsAMinute(120),
  RATE_LIMIT_SEARCH: requestsAMinute(120),
  /** Requests a minute from each address (IPv6: /64) with a valid token, of all its users together; 0 is no limit. */
  RATE_LIMIT_ADDRESS: requestsAMinute(6000),
  /** The same for requests without a valid token and for answers 401. */
  RATE_LIMIT_ADDRESS_ANONYMOUS: requestsAMinute(300),
  /** The origins whose pages may call this API from a browser, by comma, such as "https://app.example.org". */
  CORS_ORIGINS: commaList,
  /** Trusted sources of X-Forwarded-For: the number of proxies in front, or their CIDRs, separated by commas. */
  TRUST_PROXY: commaList.transform((parts) =>
    parts.length === 1 && /^\d+$/.test(parts[0]!) ? Number(parts[0]) : parts,
  ),
  /**
   * Requests at once to each service; further ones get a quick 503. A service serves more in a second, so nobody waits longer.
   * One network has three quarters of them: 200 people in a hospital may book at the same moment.
   */
  MAX_CONCURRENT_REQUESTS: z.coerce.number().int().min(1).default(320),
  /** Open connections of each address (IPv6: /64) that is no trusted proxy; 0 is no limit. */
  MAX_CLIENT_CONNECTIONS: z.coerce.number().int().min(0).default(1000),
  /** How long a service may take to answer. */
  CALL_TIMEOUT: duration("10s"),
  /** How long new requests are still taken after a stop signal, until load balancers have seen /readyz turn. */
  DRAIN_DELAY: duration("1s"),
};

export type GatewayConfig = z.infer<z.ZodObject<typeof gatewaySettings>>;
