import { ApiError } from "./errors/api-error.ts";

const camelCase = (path: string): string =>
  path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0);

/**
 * The resource with the masked fields of the patch (AIP-134); without a mask, those that the patch fills. That every
 * path of the mask may be updated has been checked with the request.
 */
export function applyMask<T extends object>(
  current: T,
  patch: T,
  mask: string[] | undefined,
  fields: (keyof T)[],
): T {
  const named = mask && mask.length > 0 ? new Set(mask.map(camelCase)) : undefined;
  const chosen = fields.filter((field) => (named ? named.has(field as string) : !isEmpty(patch[field])));
  return { ...current, ...Object.fromEntries(chosen.map((field) => [field, patch[field]])) };
}

/** An entity tag of a resource's version (RFC 9110 §8.8.3). */
export const etagOf = (version: number): string => version.toString(36).padStart(4, "0");

/** Throws ETAG_MISMATCH if the client read another version than the current one; "" asks for no check. */
export function assertEtag(sent: string, version: number): void {
  if (sent !== "" && sent !== etagOf(version)) throw new ApiError("ETAG_MISMATCH");
}
