import { isUtf8 } from "node:buffer";
import type { JsonObject } from "@bufbuild/protobuf";
import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";
import { describeMalformedJson } from "./json-mistake.ts";

/**
 * Parses a body as a JSON object; an empty body counts as `{}`. Throws MALFORMED_JSON if it is not JSON in
 * UTF-8 (RFC 8259 §8.1), and INVALID_REQUEST for a JSON value that is no object and for a duplicate name.
 */
export function parseJsonObject(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  if (!isUtf8(body))
    throw new ApiError("MALFORMED_JSON", {
      detail: "The body is not valid UTF-8. Encode the JSON in UTF-8.",
    });
  const text = body.toString();
  const json = parse(text);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw invalidField("", `The body must be a JSON object, not ${kindOf(json)}.`);
  }
  const twice = findDuplicateName(text);
  if (twice !== undefined) throw invalidField(twice, "given more than once; send each field once");
  return json as JsonObject;
}

function kindOf(json: unknown): string {
  if (Array.isArray(json)) return "an array";
  if (typeof json !== "string") return String(json === null ? json : `a ${typeof json}`);
  // A client that calls JSON.stringify twice sends an object inside a string.
  return json.startsWith("{") ? "an object inside a string; encode it once" : "a string";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Leaves out the message of JSON.parse, because it quotes the body, which may hold personal data.
    throw new ApiError("MALFORMED_JSON", { detail: describeMalformedJson(text), cause });
  }
}

/**
 * Maximum number of names, brackets and commas in a body: several times those of the largest request of the
 * contract. Reading more would take the gateway tenths of a second.
 */
export const MAX_TOKENS = 20_000;

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g;

/**
 * An object or array that contains the current position of the scan. For an object: the names so far and the
 * current one. For an array: the index of the current element.
 */
type Frame = { names: Set<string>; name: string; expectsName: boolean } | { index: number };

/**
 * Path of the first name that occurs twice in one object of a valid JSON text. Throws INVALID_REQUEST for a text
 * with more than MAX_TOKENS. JSON.parse keeps the last
 * value, and other parsers keep the first (RFC 8259 §4), so two systems could read the same request
 * differently.
 */
function findDuplicateName(text: string): string | undefined {
  const open: Frame[] = [];
  let count = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    if (++count > MAX_TOKENS) throw invalidField("", "The body has too many fields and items.");
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
