import { expect } from "@jest/globals";
import { type Reply, trailerBytes } from "../support/grpc.ts";

const OUR_FAULT = ["UNKNOWN", "INTERNAL", "UNIMPLEMENTED", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED"];

/** Maximum size of an error response in bytes, for every request. */
const MAX_BYTES = 8 * 1024;

/** Asserts that an HTTP response is a small 4xx error. @param seen the request, for the failure message */
export function assertHttpRefusal(status: number, text: string, seen: object = {}): void {
  const isSmall = Buffer.byteLength(text) <= MAX_BYTES;
  expect({ ...seen, status, text, isOurFault: status >= 500, isSmall }).toEqual({
    ...seen,
    status,
    text,
    isOurFault: false,
    isSmall: true,
  });
}

/**
 * Asserts that a gRPC reply is a small error that the client has caused.
 *
 * @param seen the request, for the failure message
 */
export function assertGrpcRefusal(reply: Reply, seen: object = {}): void {
  const { name, reason, violations } = reply;
  const told = { ...seen, name, reason, violations };
  const isSmall = trailerBytes(reply) <= MAX_BYTES;
  expect({ ...told, isOurFault: OUR_FAULT.includes(name), isSmall }).toEqual({
    ...told,
    isOurFault: false,
    isSmall: true,
  });
}
