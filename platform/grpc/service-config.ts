import { getOption } from "@bufbuild/protobuf";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { type Method, methods } from "../contract/methods.ts";

/** A trailer by which a server forbids to try again (gRFC A6). Our own answers carry it: they are answers. */
export const PUSHBACK_KEY = "grpc-retry-pushback-ms";
export const DO_NOT_RETRY = "-1";

/** Methods mapped to GET are read-only (RFC 9110 §9.2.1), so they are safe to retry. */
const isRead = ({ desc }: Method): boolean => getOption(desc, http).pattern.case === "get";

/**
 * How clients call (gRPC service config): the instances of a service in turn; and a read whose connection broke once
 * more, so that the end of one of several instances is not the end of the reads it had. A server that is away, or a
 * network that is bad, is not stormed: with more than a few failures in a row, nothing is tried again (`retryThrottling`).
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
        // As a reset connection is told: both ways occur.
        retryableStatusCodes: ["UNAVAILABLE", "INTERNAL"],
      },
    },
  ],
});
