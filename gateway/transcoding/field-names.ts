import type { RequestBinding } from "./binding.ts";

/** Path of a field relative to the field that the body fills: `doctor.bio` → `bio`. */
export function withoutBodyField({ body }: RequestBinding, path: string): string {
  if (typeof body !== "object") return path;
  if (path === body.jsonName) return "";
  return path.startsWith(`${body.jsonName}.`) ? path.slice(body.jsonName.length + 1) : path;
}

/**
 * Name by which the client sent a field: `doctor.license_number` → `licenseNumber`, or the headers that fill
 * it.
 */
export function asClientWrote(binding: RequestBinding, protoPath: string): string {
  const field = binding.input.fields.find(({ name }) => name === protoPath);
  const path = field?.jsonName ?? camelCase(protoPath);
  return headerFilling(binding, path) ?? withoutBodyField(binding, path);
}

/** The headers that fill a field, such as "Idempotency-Key"; undefined for a field that no header fills. */
export function headerFilling(
  { idempotencyKey, headers }: RequestBinding,
  jsonName: string,
): string | undefined {
  if (jsonName === idempotencyKey?.jsonName) return "Idempotency-Key";
  return headers.find(({ field }) => field.jsonName === jsonName)?.names.join(" or ");
}

/** A quoted value, which stays unchanged, or a name in backticks. */
const VALUE_OR_NAME = /"(?:[^"\\]|\\.)*"|`([a-z0-9_.]+)`/g;

/** Text of a violation with the JSON names of fields: "`create_time` is output only" → "`createTime` …". */
export const withCamelCase = (description: string): string =>
  description.replace(VALUE_OR_NAME, (part: string, name?: string) =>
    name === undefined ? part : `\`${camelCase(name)}\``,
  );

const WORD_OR_KEY = /\["(?:[^"\\]|\\.)*"\]|_([a-z0-9])/g;

/** Converts a path to lowerCamelCase. Keys of maps, in brackets, stay unchanged. */
const camelCase = (path: string): string =>
  path.replace(WORD_OR_KEY, (key: string, letter?: string) => letter?.toUpperCase() ?? key);
