import { isUtf8 } from "node:buffer";
import type { JsonObject } from "@bufbuild/protobuf";
import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";

/**
 * The JSON object in a body; an empty body is an empty object. Throws MALFORMED_JSON for what is not JSON in UTF-8
 * (RFC 8259 §8.1), INVALID_REQUEST for another kind of value and for a name that is given twice.
 */
export function parseJsonObject(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw new ApiError("MALFORMED_JSON", { detail: "The body is not UTF-8." });
  const text = body.toString();
  const json = parse(text);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw invalidField("", "The body must be a JSON object.");
  }
  const twice = findDuplicateName(text);
  if (twice !== undefined) throw invalidField(twice, "is given more than once");
  return json as JsonObject;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's own message quotes the body, which may be personal.
    throw new ApiError("MALFORMED_JSON", { cause });
  }
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g;

/** An open object with the names seen in it and the one being read, or an open array with its index. */
type Frame = { names: Set<string>; name: string; expectsName: boolean } | { index: number };

/**
 * The path of a name that occurs twice in one object, in text that is known to be JSON. JSON.parse keeps the last of
 * them, other parsers the first (RFC 8259 §4): two parties could read two different requests.
 */
function findDuplicateName(text: string): string | undefined {
  const open: Frame[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    const frame = open.at(-1);
    if (token === "{") open.push({ names: new Set(), name: "", expectsName: true });
    else if (token === "[") open.push({ index: 0 });
    else if (token === "}" || token === "]") open.pop();
    else if (frame && "index" in frame) frame.index += token === "," ? 1 : 0;
    else if (frame && token === ",") frame.expectsName = true;
    else if (frame?.expectsName) {
      frame.name = token.includes("\\") ? JSON.parse(token) : token.slice(1, -1);
      frame.expectsName = false;
      if (frame.names.has(frame.name)) return pathOf(open);
      frame.names.add(frame.name);
    }
  }
  return undefined;
}

const pathOf = (open: Frame[]): string =>
  open
    .map((frame) => ("index" in frame ? `[${frame.index}]` : `.${frame.name}`))
    .join("")
    .slice(1);
