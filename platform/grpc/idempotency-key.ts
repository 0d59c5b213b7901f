import { MethodRules_Idempotency } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Method } from "../contract/methods.ts";
import { ApiError } from "../errors/api-error.ts";

/**
 * Returns the idempotency key that the platform handles for a request. Empty if the request has none, or if
 * the method ignores the key or handles it itself. Throws IDEMPOTENCY_KEY_REQUIRED if a required key is
 * missing.
 */
export function idempotencyKeyOf({ rules }: Method, request: unknown): string {
  const { IDEMPOTENCY_UNSPECIFIED, OWN, REQUIRED } = MethodRules_Idempotency;
  if (rules.idempotency === IDEMPOTENCY_UNSPECIFIED || rules.idempotency === OWN) return "";
  const key = (request as { idempotencyKey: string }).idempotencyKey;
  if (key === "" && rules.idempotency === REQUIRED) {
    throw new ApiError("IDEMPOTENCY_KEY_REQUIRED");
  }
  return key;
}
