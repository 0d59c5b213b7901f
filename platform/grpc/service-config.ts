import { getOption } from "@bufbuild/protobuf";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { type Method, methods } from "../contract/methods.ts";

/** Trailer by which a server forbids retries (gRFC A6). Our own errors carry it, because they are answers. */
export const PUSHBACK_KEY = "grpc-retry-pushback-ms";
export const DO_NOT_RETRY = "-1";

/** Methods mapped to GET are read-only (RFC 9110 §9.2.1), so they are safe to retry. */
const isRead = ({ desc }: Method): boolean => getOption(desc, http).pattern.case === "get";

/**
 * gRPC service config. Clients call the instances of a service round robin. A read whose connection broke is
 * retried once, so that reads survive the end of one instance. `retryThrottling` stops retries after a few
 * failures in a row, which avoids a retry storm.
 */
export const SERVICE_CONFIG = JSON.stringify({
  loadBalancingConfig: [{ round_robin: {} }],
  retryThrottling: { maxTokens: 20, tokenRatio: 0.1 },
  methodConfig: [
    {
      name: [...methods.values()].filter(isRead).map(({ desc, name }) => ({
        service: desc.parent.typeName,
        method: name,
      })),
      retryPolicy: {
        maxAttempts: 2,
        initialBackoff: "0.02s",
        maxBackoff: "0.02s",
        backoffMultiplier: 1,
        // A reset connection may appear as either.
        retryableStatusCodes: ["UNAVAILABLE", "INTERNAL"],
      },
    },
  ],
});
