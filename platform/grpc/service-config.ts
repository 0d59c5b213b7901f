import { getOption } from "@bufbuild/protobuf";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { type Method, methods } from "../contract/methods.ts";

/**
 * Trailer with which a server forbids retries (gRFC A6). Our servers send this trailer with each error,
 * because the call has then been handled.
 */
export const PUSHBACK_KEY = "grpc-retry-pushback-ms";
export const DO_NOT_RETRY = "-1";

/** Methods mapped to GET are read-only (RFC 9110 §9.2.1), so they are safe to retry. */
const isRead = ({ desc }: Method): boolean => getOption(desc, http).pattern.case === "get";

/**
 * gRPC service config of all clients. A client calls the instances of a service round robin. If a connection
 * breaks during a read-only call, the client retries the call once, so that reads survive the loss of an
 * instance. `retryThrottling` stops retries after a few failures in a row, to avoid a retry storm.
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
        // If a connection is reset, grpc-js reports either of these statuses.
        retryableStatusCodes: ["UNAVAILABLE", "INTERNAL"],
      },
    },
  ],
});
