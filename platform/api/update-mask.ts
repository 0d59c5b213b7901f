import { isDeepStrictEqual } from "node:util";
import type { DescMessage } from "@bufbuild/protobuf";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import { messageNamed } from "../contract/registry.ts";
import { behavesAs, resourceOf } from "../contract/resource.ts";
import { ApiError, invalidField } from "../errors/api-error.ts";

const camelCase = (path: string): string =>
  path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0);

/** Fields of a resource in an update, by their names in TypeScript. */
export interface Updatable<T> {
  /** Name of the request's field that holds the resource. */
  readonly resource: string;
  readonly updatable: readonly (keyof T & string)[];
  /** Fields that may only be sent back unchanged. */
  readonly immutable: readonly (keyof T & string)[];
}

/**
 * The updatable and immutable fields in the resource of an update request, as the contract marks them
 * (AIP-203). Throws for a request without a resource.
 *
 * @param request full name of the request, such as "medconnect.auth.v1.UpdateMeRequest"
 */
export function updatableFields<T>(request: string): Updatable<T> {
  return fieldsOf<T>(messageNamed(request));
}

export function fieldsOf<T>(request: DescMessage): Updatable<T> {
  const resource = resourceOf(request);
  if (!resource) throw new Error(`${request.typeName} has no resource`);
  const { field, outputOnly } = resource;
  const settable = field.message.fields.filter((each) => each.name !== "etag" && !outputOnly.includes(each));
  const [immutable, updatable] = [true, false].map((isImmutable) =>
    settable
      .filter((each) => behavesAs(each, FieldBehavior.IMMUTABLE) === isImmutable)
      .map(({ localName }) => localName as keyof T & string),
  ) as [(keyof T & string)[], (keyof T & string)[]];
  return { resource: field.name, updatable, immutable };
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
  { resource, updatable, immutable }: Updatable<T>,
): T {
  const named = mask && mask.length > 0 ? new Set(mask.map(camelCase)) : undefined;
  const isChosen = (field: keyof T & string) => (named ? named.has(field) : !isEmpty(patch[field]));
  const changed = immutable.find(
    (field) => isChosen(field) && !isDeepStrictEqual(patch[field], current[field]),
  );
  if (changed !== undefined)
    throw invalidField(
      `${resource}.${snakeCase(changed)}`,
      "immutable; leave it out, or send its current value",
    );
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
