import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { encodeRequest } from "../transcoding/request.ts";
import { routeNamed } from "./routes.ts";

/** Parts of a request. The content is `text`, sent unchanged, or else `body`, written as JSON. */
export interface Parts {
  values?: string[];
  query?: string;
  body?: JsonValue | undefined;
  text?: string | Buffer;
  headers?: Record<string, string>;
}

function requestWith(headers: Record<string, string>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  for (const [name, value] of Object.entries(headers)) {
    request.headers[name] = value;
    request.headersDistinct[name] = [value];
  }
  return request;
}

function bytesOf({ body, text }: Parts): Buffer {
  if (text !== undefined) return Buffer.from(text);
  return Buffer.from(body === undefined ? "" : JSON.stringify(body));
}

/** Encodes a request of an RPC, as the gateway does. Returns the message for the service as JSON. */
export function encode(name: string, parts: Parts): JsonValue {
  const { binding } = routeNamed(name);
  const { values = [], query = "", headers = {} } = parts;
  const { message } = encodeRequest(binding, {
    request: requestWith(headers),
    values,
    query,
    body: bytesOf(parts),
  });
  return toJson(binding.input, fromBinary(binding.input, message));
}

/** Encodes a request that must be refused. Returns the reason, and each invalid field with its violation. */
export function refusal(name: string, parts: Parts): [string, ...string[]] {
  try {
    encode(name, parts);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [error.reason, ...error.violations.map(({ field, description }) => `${field}: ${description}`)];
  }
  throw new Error("the request was accepted");
}
