import type { IncomingMessage } from "node:http";
import { versionOf } from "@medconnect/platform/api/update-mask.ts";
import { invalidField } from "@medconnect/platform/errors/api-error.ts";

/**
 * Idempotency key of 1 to 255 characters as a quoted string (RFC 9651 §3.3.3), as the draft of the
 * Idempotency-Key header requires.
 */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\]){1,255})"$/;
/** Idempotency key without quotes, as most clients send it. */
const BARE = /^[!#-~][ -~]{0,254}$/;
/** Pattern of the Idempotency-Key header. */
export const IDEMPOTENCY_KEY = new RegExp(`${BARE.source}|${QUOTED.source}`);

/**
 * Value of the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), quoted or bare; "" without
 * the header. Throws INVALID_REQUEST.
 */
export function idempotencyKeyOf({ headers, headersDistinct }: IncomingMessage): string {
  if (headers["idempotency-key"] === undefined) return "";
  const [text = "", ...others] = headersDistinct["idempotency-key"] ?? [];
  const key = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? BARE.exec(text)?.[0] ?? "";
  if (others.length > 0 || key === "") {
    throw invalidField("Idempotency-Key", "must be one key of 1 to 255 printable ASCII characters");
  }
  return key;
}

/**
 * Maximum length of If-Match and of If-None-Match in characters: 20 tags of this API. The contract's fields
 * `etag`, which If-Match fills, have the same limit.
 */
export const MAX_TAGS_LENGTH = 512;

/** Value of a header that lists entity tags; undefined without the header. Throws INVALID_REQUEST. */
export function entityTagsIn(
  { headers }: IncomingMessage,
  name: "If-Match" | "If-None-Match",
): string | undefined {
  const text = headers[name.toLowerCase() as "if-match" | "if-none-match"];
  if (text !== undefined && text.length > MAX_TAGS_LENGTH)
    throw invalidField(name, `must have at most ${MAX_TAGS_LENGTH} characters; got ${text.length}`);
  return text;
}

/** List of entity tags (RFC 9110 §5.6.1, §8.8.3). Its elements may be empty, as in `"a",,"b"`. */
const ENTITY_TAGS = /^[ \t,]*(?:(?:W\/)?"[!#-~]*"[ \t]*(?:,[ \t,]*|$))+$/;
/** One tag of a list: captures the mark `W/` of a weak tag, and the text between the quotes. */
const ENTITY_TAG = /(W\/)?"([!#-~]*)"/g;
/** A tag without quotes. Some clients send the `etag` field of a resource that way. */
const BARE_TAG = /^[!#-+\--~]+$/;
/** Pattern of the If-Match header. The pattern of a tag without quotes includes `*`. */
export const IF_MATCH = new RegExp(`${ENTITY_TAGS.source}|${BARE_TAG.source}`);
/** Pattern of the resource versions in this API. A tag that does not match belongs to no resource. */
const VERSION = /^\w+$/;

/**
 * Versions listed in If-Match; undefined without the header and for `*`. Weak tags are omitted, because
 * If-Match compares strongly (RFC 9110 §13.1.1). Throws INVALID_REQUEST.
 */
export function ifMatchOf(request: IncomingMessage): string[] | undefined {
  const text = entityTagsIn(request, "If-Match");
  if (text === undefined || text === "*") return undefined;
  const tags = BARE_TAG.test(text) ? [text] : strongTags(text);
  return [...new Set(tags.map(versionOf))].filter((version) => VERSION.test(version));
}

function strongTags(text: string): string[] {
  if (!ENTITY_TAGS.test(text)) throw invalidField("If-Match", "must be entity tags in quotes, or *");
  return [...text.matchAll(ENTITY_TAG)].filter(([, weak]) => !weak).map(([, , tag = ""]) => tag);
}
