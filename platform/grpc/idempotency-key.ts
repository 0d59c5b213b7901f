import { MethodRules_Idempotency } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Method } from "../contract/methods.ts";
import { ApiError } from "../errors/api-error.ts";

/**
 * The idempotency key of a request; empty if its method takes none. Throws IDEMPOTENCY_KEY_REQUIRED if it is
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
