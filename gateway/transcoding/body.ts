import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { shown } from "@medconnect/platform/errors/shown.ts";

const NO_BODY = Buffer.alloc(0);

/**
 * Reads the body; an empty buffer if there is none. Throws BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE,
 * REQUEST_TIMEOUT or CANCELLED.
 *
 * @param limit maximum size in bytes
 * @param timeoutMs maximum time for the body to arrive; by default, only the server's limit for the whole
 *   request applies
 */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
  timeoutMs?: number,
): Promise<Buffer> {
  const {
    "content-length": length,
    "transfer-encoding": transfer,
    "content-encoding": coding,
  } = request.headers;
  if (transfer === undefined && (length === undefined || length === "0")) return NO_BODY;
  // Compressed bodies are refused, because 100 KB of compressed data can expand to 100 MB.
  if (coding !== undefined && coding.toLowerCase() !== "identity") {
    throw new ApiError("UNSUPPORTED_MEDIA_TYPE", {
      detail: "Compressed bodies are not accepted. Send the body without Content-Encoding.",
    });
  }
  if (Number(length) > limit) throw tooLarge(limit);
  if (timeoutMs === undefined) return await collect(request, limit);
  const { promise: isLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooSlow(response)), timeoutMs);
  return await Promise.race([collect(request, limit), isLate]).finally(() => clearTimeout(timer));
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= limit) return;
      reject(tooLarge(limit));
      // Reads and discards the rest of the body, because the next request on the connection follows it.
      request.off("data", take).resume();
    };
    const isGone = (cause?: unknown) => reject(new ApiError("CANCELLED", { cause }));
    request
      .on("data", take)
      .once("end", () => resolve(Buffer.concat(chunks, bytes)))
      .once("error", isGone)
      .once("close", isGone);
  });
}

/**
 * Error for a body that did not arrive in time. Also makes the connection close after the answer. Otherwise,
 * the rest of the body would be read as the next request.
 */
function tooSlow(response: ServerResponse): ApiError {
  response.shouldKeepAlive = false;
  return new ApiError("REQUEST_TIMEOUT");
}

const tooLarge = (limit: number): ApiError =>
  new ApiError("BODY_TOO_LARGE", {
    detail: `The body is larger than ${limit / 1024} KiB, the limit of this route.`,
    metadata: { maxBytes: String(limit) },
  });

/** Media type of the body of OAuth endpoints (RFC 6749 §3.2). */
export const FORM = "application/x-www-form-urlencoded";
const UTF8 = /^[ \t]*(?:;[ \t]*charset=("?)utf-8\1[ \t]*)?$/i;

/** Throws UNSUPPORTED_MEDIA_TYPE for a body with another media type, or with a charset other than UTF-8. */
export function assertMediaType(request: IncomingMessage, body: Buffer, mediaType: string): void {
  if (body.length === 0) return;
  const { "content-type": type = "" } = request.headers;
  const [essence = ""] = type.split(";", 1);
  const isRightType = essence.trimEnd().toLowerCase() === mediaType;
  if (isRightType && UTF8.test(type.slice(mediaType.length))) return;
  const sent = type === "" ? "no Content-Type" : shown(type).slice(1, -1);
  throw new ApiError("UNSUPPORTED_MEDIA_TYPE", {
    detail: `sent ${sent}; this route takes ${mediaType}${isRightType ? " in UTF-8" : ""}`,
  });
}
