import type { IncomingMessage } from "node:http";
import { versionOf } from "@medconnect/platform/api/update-mask.ts";
import { invalidField } from "@medconnect/platform/errors/api-error.ts";

/** Quoted string (RFC 8941 §3.3.3). */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** Key without quotes, as most clients send it. */
const BARE = /^[!#-~][ -~]*$/;
const MAX_KEY_LENGTH = 255;

/**
 * Value of the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), quoted or bare; "" without
 * the header. Throws INVALID_REQUEST.
 */
export function idempotencyKeyOf({ headers, headersDistinct }: IncomingMessage): string {
  if (headers["idempotency-key"] === undefined) return "";
  const [text = "", ...others] = headersDistinct["idempotency-key"] ?? [];
  const key = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? BARE.exec(text)?.[0] ?? "";
  if (others.length > 0 || key === "" || key.length > MAX_KEY_LENGTH) {
    throw invalidField(
      "Idempotency-Key",
      `must be one key of 1 to ${MAX_KEY_LENGTH} printable ASCII characters`,
    );
  }
  return key;
}

/** List of entity tags (RFC 9110 §5.6.1, §8.8.3); elements may be empty. */
const ENTITY_TAGS = /^[ \t,]*(?:(?:W\/)?"[!#-~]*"[ \t]*(?:,[ \t,]*|$))+$/;
/** One tag of a list: the mark of a weak one, and the opaque part. */
const ENTITY_TAG = /(W\/)?"([!#-~]*)"/g;
/** Single tag without quotes, such as the `etag` of a body. */
const BARE_TAG = /^[!#-+\--~]+$/;
/** This API's version format. Tags in another format match nothing. */
const VERSION = /^\w+$/;

/**
 * Versions in If-Match; undefined without the header and for `*`. Weak tags are left out, because the
 * comparison is strong (RFC 9110 §13.1.1). Throws INVALID_REQUEST.
 */
export function ifMatchOf({ headers }: IncomingMessage): string[] | undefined {
  const text = headers["if-match"];
  if (text === undefined || text === "*") return undefined;
  const tags = BARE_TAG.test(text) ? [text] : strongTags(text);
  return [...new Set(tags.map(versionOf))].filter((version) => VERSION.test(version));
}

function strongTags(text: string): string[] {
  if (!ENTITY_TAGS.test(text)) throw invalidField("If-Match", "must be entity tags in quotes, or *");
  return [...text.matchAll(ENTITY_TAG)].filter(([, weak]) => !weak).map(([, , tag = ""]) => tag);
}
