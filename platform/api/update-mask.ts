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

/**
 * Fields of a resource in an update: `updatable` ones may change, `immutable` ones may only be sent back
 * unchanged.
 */
export interface Updatable<T> {
  updatable: readonly (keyof T & string)[];
  immutable: readonly (keyof T & string)[];
}

/**
 * Copies updatable fields from a patch to a resource (AIP-134). With an update mask, copies the fields that
 * the mask names. Without a mask, copies all fields that have a value in the patch. Request validation has
 * checked that the paths of the mask exist. Throws INVALID_REQUEST if an immutable field would change
 * (AIP-203).
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

/**
 * True if an update changes no field. The caller then neither raises the version nor writes an audit line.
 */
export const isUnchanged = <T extends object>(before: T, after: T, { updatable }: Updatable<T>): boolean =>
  updatable.every((field) => isDeepStrictEqual(before[field], after[field]));

/** Etag of a version, such as "0001". The gateway appends a hash of the response: "0001.x4K…". */
export const etagOf = (version: number): string => version.toString(36).padStart(4, "0");

/**
 * Version part of an etag. `If-Match` compares only this part, because the hash after it also covers fields
 * derived from other resources, such as `nextAvailableTime`.
 */
export const versionOf = (etag: string): string => etag.split(".", 1)[0] ?? "";

/**
 * Throws ETAG_MISMATCH if none of the etags that the client sent has the current version. `sent` may be a
 * list separated by commas. If `sent` is empty, nothing is checked.
 */
export function assertEtag(sent: string, version: number): void {
  if (sent !== "" && !sent.split(",").map(versionOf).includes(etagOf(version))) {
    throw new ApiError("ETAG_MISMATCH");
  }
}
