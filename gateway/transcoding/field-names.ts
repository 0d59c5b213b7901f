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
  if (protoPath === binding.idempotencyKey?.name) return "Idempotency-Key";
  const header = binding.headers.find(({ field }) => field.name === protoPath);
  if (header) return header.names.join(" or ");
  return withoutBodyField(binding, camelCase(protoPath));
}

const WORD_OR_KEY = /\["(?:[^"\\]|\\.)*"\]|_([a-z0-9])/g;

/** Converts a path to lowerCamelCase. Keys of maps, in brackets, stay unchanged. */
const camelCase = (path: string): string =>
  path.replace(WORD_OR_KEY, (key: string, letter?: string) => letter?.toUpperCase() ?? key);
