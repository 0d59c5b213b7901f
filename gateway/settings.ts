import {
  duration,
  flag,
  limit,
  port,
  processSettings,
  wholeNumber,
} from "@medconnect/platform/config/config.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import * as z from "zod";
import { isLoopbackOrigin } from "./http/loopback.ts";

const commaList = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((part) => part.trim() || []));

/** True for a URL that shows a trace, and that a page may link to. */
function isTraceUrl(url: string): boolean {
  if (!url.includes(TRACE_ID) || !URL.canParse(url)) return false;
  const { protocol, origin, username, password } = new URL(url);
  const isPrivate = protocol === "https:" || (protocol === "http:" && isLoopbackOrigin(origin));
  return isPrivate && username === "" && password === "";
}

/** Place of the trace's id in TRACE_URL_TEMPLATE. */
const TRACE_ID = "{traceId}";

export const gatewaySettings = {
  ...processSettings,
  ...addressSettings,
  PORT: port(8080).describe("HTTP port; 0: any free port"),
  SECURITY_CONTACT: commaList
    .refine((contacts) => contacts.every((contact) => /^(mailto|https|tel):/.test(contact)), {
      error: "must be URIs that begin with mailto:, https: or tel:",
    })
    .describe(
      "Contacts for reports of vulnerabilities, by comma, such as `mailto:security@example.org`. With it, the " +
        "gateway serves `/.well-known/security.txt` (RFC 9116)",
    ),
  CONSOLE: z
    .enum(["on", "off"])
    .default("on")
    .describe("`off` removes the [console](operations.md#console) at `/console`"),
  TRACE_URL_TEMPLATE: z
    .string()
    .default("")
    .refine((url) => url === "" || isTraceUrl(url), {
      error: "must be an https:// URL, or an http:// one of this machine, that contains {traceId}",
    })
    .describe(
      "URL of a trace at your viewer, such as `https://traces.example.org/trace/{traceId}`. The console links to it " +
        "from audit entries and errors; outside production, each problem has it as `traceUrl`",
    ),
  DEMO_ACCOUNTS: commaList.meta({
    localOnly: true,
    description:
      "E-mail addresses of demo accounts, by comma. `/docs` offers to sign in to them. `npm start` sets it to " +
      "the accounts it creates. Production refuses it",
  }),
  DEMO_PASSWORD: z.string().default("").meta({
    localOnly: true,
    description: "Password of the demo accounts, which `/docs` shows to everybody. Production refuses it",
  }),
  RATE_LIMIT_READ: limit(600).describe(
    "Reads per minute of each user, or of each address without a valid token; 0: no limit. Here and below, " +
      "several gateways let through up to a twentieth more each, 50 at most",
  ),
  RATE_LIMIT_WRITE: limit(120).describe("Changes per minute, counted like reads; 0: no limit"),
  RATE_LIMIT_SEARCH: limit(120).describe("Searches per minute, counted like reads; 0: no limit"),
  RATE_LIMIT_ADDRESS: limit(6000).describe(
    "Calls per minute and address (an IPv6 /64; eight times as many for its /48) with a valid token; 0: no " +
      "limit. Public keys, webhooks and `OPTIONS` each have as many",
  ),
  RATE_LIMIT_ADDRESS_ANONYMOUS: limit(300).describe(
    "Calls per minute and address without a valid token, and 401 answers; 0: no limit. It never refuses a " +
      "valid token. [All calls in one table](security.md#limits-by-address)",
  ),
  CORS_ORIGINS: commaList.describe(
    "Origins whose pages may call the API from a browser, by comma, such as `https://app.example.org`; " +
      "`loopback`: those of localhost, 127.0.0.1 and [::1], at any port. `npm start` sets `loopback`",
  ),
  ALLOWED_HOSTS: commaList.describe(
    "Values of the header `Host` that are served, without port, by comma: others get 421, which stops DNS " +
      "rebinding; `loopback`: localhost, 127.0.0.1 and [::1]. The host of `API_URL` is always served. None: " +
      "every host, for a gateway behind a load balancer. `npm start` sets `loopback`",
  ),
  LOG_PATHS: flag.meta({
    localOnly: true,
    description:
      "`true` logs the path of each request, without its query. `npm start` sets it. Production refuses it, because " +
      "paths name people's records",
  }),
  TRUST_PROXY: commaList
    .transform((parts) => (/^\d+$/.test(parts.join(",")) ? Number(parts[0]) : parts))
    .describe(
      "Trusted sources of `X-Forwarded-For`: the number of proxies in front, or their networks (CIDR), by " +
        "comma",
    ),
  // The default is less than a service can run at once, so that no admitted request waits for long. The
  // callers of one network can use three quarters of the limit, because 200 people in a hospital may book at
  // the same moment.
  MAX_CONCURRENT_REQUESTS: wholeNumber({ min: 1 })
    .default(320)
    .describe(
      "Concurrent requests to each service; further ones get 503. Each method that searches takes at most " +
        "a sixteenth, and the last quarter is for networks with fewer than two requests under way",
    ),
  MAX_CLIENT_CONNECTIONS: limit(1000).describe(
    "Open HTTP connections of one address (an IPv6 /64) that `TRUST_PROXY` does not name; 0: no limit",
  ),
  CALL_TIMEOUT: duration("10s").describe("Time for a service to answer"),
  DRAIN_DELAY: duration("1s").describe(
    "Time after a stop signal in which new requests still pass, until load balancers have seen `/readyz` " +
      "fail",
  ),
};

export type GatewayConfig = z.infer<z.ZodObject<typeof gatewaySettings>>;
