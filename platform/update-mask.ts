import { ApiError, invalidField } from "./errors/api-error.ts";

const camelCase = (path: string): string =>
  path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0);

/** Which fields of a resource a client may change, and which it may only repeat. */
export interface Updatable<T> {
  updatable: readonly (keyof T & string)[];
  immutable: readonly (keyof T & string)[];
}

/**
 * The resource with the masked fields of the patch (AIP-134); without a mask, those that the patch fills. That every
 * path of the mask exists has been checked with the request. Throws INVALID_REQUEST for another value of an immutable
 * field (AIP-203); the same value may be sent back.
 */
export function applyMask<T extends object>(
  current: T,
  patch: T,
  mask: readonly string[] | undefined,
  { updatable, immutable }: Updatable<T>,
): T {
  const named = mask && mask.length > 0 ? new Set(mask.map(camelCase)) : undefined;
  const isChosen = (field: keyof T & string) => (named ? named.has(field) : !isEmpty(patch[field]));
  const changed = immutable.find((field) => isChosen(field) && patch[field] !== current[field]);
  if (changed !== undefined) throw invalidField("update_mask", `"${changed}" cannot be changed`);
  const chosen = updatable.filter(isChosen).map((field) => [field, patch[field]]);
  return { ...current, ...Object.fromEntries(chosen) };
}

/** A resource's etag: its version. Over HTTP the gateway adds a hash of the answer: `version.hash`. */
export const etagOf = (version: number): string => version.toString(36).padStart(4, "0");

/**
 * Throws ETAG_MISMATCH if the client read another version than the current one; "" skips the check. The hash is not
 * compared: it also covers derived fields, such as `nextAvailableTime`.
 */
export function assertEtag(sent: string, version: number): void {
  if (sent !== "" && sent.split(".", 1)[0] !== etagOf(version)) throw new ApiError("ETAG_MISMATCH");
}
