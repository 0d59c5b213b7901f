import type { RequestBinding } from "./binding.ts";

/** A field's path without the name of the field that the body stands for: `doctor.bio` → `bio`. */
export function withoutBodyField({ body }: RequestBinding, path: string): string {
  if (typeof body !== "object") return path;
  if (path === body.jsonName) return "";
  return path.startsWith(`${body.jsonName}.`) ? path.slice(body.jsonName.length + 1) : path;
}

/** A field's path in a service's answer, as the client wrote it: `doctor.license_number` → `licenseNumber`. */
export function asClientWrote(binding: RequestBinding, protoPath: string): string {
  if (protoPath === binding.idempotencyKey?.name) return "Idempotency-Key";
  const header = binding.headers.find(({ field }) => field.name === protoPath);
  if (header) return header.names.join(" or ");
  return withoutBodyField(binding, camelCase(protoPath));
}

const WORD_OR_KEY = /\["(?:[^"\\]|\\.)*"\]|_([a-z0-9])/g;

/** Keys of maps stay as they are. */
const camelCase = (path: string): string =>
  path.replace(WORD_OR_KEY, (key: string, letter?: string) => letter?.toUpperCase() ?? key);
