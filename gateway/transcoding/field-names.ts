import type { RequestBinding } from "./binding.ts";

/** A field's path relative to the body's field: `doctor.bio` → `bio`. */
export function withoutBodyField({ body }: RequestBinding, path: string): string {
  if (typeof body !== "object") return path;
  if (path === body.jsonName) return "";
  return path.startsWith(`${body.jsonName}.`) ? path.slice(body.jsonName.length + 1) : path;
}

/**
 * The client's name for a field that a service names: `doctor.license_number` → `licenseNumber`, or a header.
 */
export function asClientWrote(binding: RequestBinding, protoPath: string): string {
  if (protoPath === binding.idempotencyKey?.name) return "Idempotency-Key";
  const header = binding.headers.find(({ field }) => field.name === protoPath);
  if (header) return header.names.join(" or ");
  return withoutBodyField(binding, camelCase(protoPath));
}

const WORD_OR_KEY = /\["(?:[^"\\]|\\.)*"\]|_([a-z0-9])/g;

/** Keeps the keys of maps unchanged. */
const camelCase = (path: string): string =>
  path.replace(WORD_OR_KEY, (key: string, letter?: string) => letter?.toUpperCase() ?? key);
