import type { IncomingMessage } from "node:http";
import { invalidField } from "@medconnect/platform/errors/api-error.ts";

/** A quoted string of RFC 8941 §3.3.3. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** Clients' unquoted form of it: the bare key. */
const BARE = /^[!#-~][ -~]*$/;
const MAX_KEY_LENGTH = 255;

/**
 * The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), quoted as its draft says or bare as most
 * clients send it; "" if there is none. Throws INVALID_REQUEST.
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

const ENTITY_TAG = /^(?:W\/)?"([!#-~]*)"$|^([!#-+\--~]+)$/;

/**
 * The version that If-Match asks for (RFC 9110 §13.1.1); undefined for none and for `*`. Weak tags count as strong
 * ones, as a proxy that compresses answers weakens the tags it passes on. Throws INVALID_REQUEST.
 */
export function ifMatchOf({ headers }: IncomingMessage): string | undefined {
  const text = headers["if-match"];
  if (text === undefined || text === "*") return undefined;
  const [, quoted, bare] = ENTITY_TAG.exec(text) ?? [];
  const etag = quoted ?? bare;
  if (!etag) throw invalidField("If-Match", "must be one entity tag, or *");
  return etag;
}
