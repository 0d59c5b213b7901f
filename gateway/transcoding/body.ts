import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import express, { type Request, type Response } from "express";
import { LARGE_BYTES, USUAL_BYTES } from "./body-limit.ts";

const NO_BODY = Buffer.alloc(0);

/** Compressed bodies are refused (415): a hundred kilobytes of them can say a hundred megabytes. */
const readers = new Map(
  [USUAL_BYTES, LARGE_BYTES].map((limit) => [
    limit,
    express.raw({ type: () => true, limit, inflate: false }),
  ]),
);

/**
 * The body's bytes; empty without a body. Throws BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, REQUEST_TIMEOUT or CANCELLED.
 *
 * @param limit in bytes, one of `bodyLimitOf`
 * @param timeoutMs time for the body to arrive; default: the server's for the whole request
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
  timeoutMs?: number,
): Promise<Buffer> {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === "0")) return Promise.resolve(NO_BODY);
  const read = readers.get(limit)!;
  return new Promise((resolve, reject) => {
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => reject(tooSlow(response)), timeoutMs);
    read(request as Request, response as Response, (error?: unknown) => {
      clearTimeout(timer);
      if (error) reject(refusal(error as HttpError, limit));
      else resolve(bodyOf(request));
    });
  });
}

/** The connection ends with the answer, because the rest of the body would precede the next request. */
function tooSlow(response: ServerResponse): ApiError {
  response.shouldKeepAlive = false;
  return new ApiError("REQUEST_TIMEOUT");
}

/** Error of body-parser. */
interface HttpError extends Error {
  status?: number;
}

function refusal(error: HttpError, limit: number): ApiError {
  switch (error.status) {
    case 413:
      return new ApiError("BODY_TOO_LARGE", {
        detail: `The body is larger than ${limit / 1024} KiB, the limit of this route.`,
        metadata: { maxBytes: String(limit) },
      });
    case 415:
      return new ApiError("UNSUPPORTED_MEDIA_TYPE", { detail: "A compressed body is not taken." });
    default:
      return new ApiError("CANCELLED", { cause: error });
  }
}

function bodyOf(request: IncomingMessage & { body?: unknown }): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : NO_BODY;
}

const JSON_MEDIA_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset=("?)utf-8\1[ \t]*)?$/i;

/** Throws UNSUPPORTED_MEDIA_TYPE for a body that does not say it is JSON in UTF-8, the only kind that is taken. */
export function assertJson(request: IncomingMessage, body: Buffer): void {
  if (body.length > 0 && !JSON_MEDIA_TYPE.test(request.headers["content-type"] ?? "")) {
    throw new ApiError("UNSUPPORTED_MEDIA_TYPE");
  }
}
