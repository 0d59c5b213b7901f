import { isDeepStrictEqual } from "node:util";
import { ApiError, invalidField } from "../errors/api-error.ts";

const camelCase = (path: string): string =>
  path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0);

/** Fields of a resource that clients may change, and fields that they may only send back unchanged. */
export interface Updatable<T> {
  updatable: readonly (keyof T & string)[];
  immutable: readonly (keyof T & string)[];
}

/**
 * Applies the masked fields of a patch to a resource (AIP-134); without a mask, the patch's fields with a
 * value. Request validation has checked that the mask's paths exist. Throws INVALID_REQUEST for a changed
 * immutable field (AIP-203).
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

/** True if an update changes nothing. It then raises no version and leaves no audit line. */
export const isUnchanged = <T extends object>(before: T, after: T, { updatable }: Updatable<T>): boolean =>
  updatable.every((field) => isDeepStrictEqual(before[field], after[field]));

/** Etag of a resource's version. The gateway adds a hash of the response: `version.hash`. */
export const etagOf = (version: number): string => version.toString(36).padStart(4, "0");

/**
 * Version part of an etag, which `If-Match` compares. The hash is ignored, because it also covers derived
 * fields, such as `nextAvailableTime`.
 */
export const versionOf = (etag: string): string => etag.split(".", 1)[0] ?? "";

/**
 * Throws ETAG_MISMATCH if none of the sent etags, separated by commas, has the current version; "" skips the
 * check.
 */
export function assertEtag(sent: string, version: number): void {
  if (sent !== "" && !sent.split(",").map(versionOf).includes(etagOf(version))) {
    throw new ApiError("ETAG_MISMATCH");
  }
}
