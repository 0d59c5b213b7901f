import { ApiError } from "../errors/api-error.ts";
import type { Idempotency } from "./idempotency.ts";
import type { PendingCall } from "./pending-call.ts";

/**
 * Finds the answer to return for a completed call. If another process has completed the same call before,
 * this is the answer stored by that process.
 */
export async function firstAnswer<T>(
  idempotency: Idempotency,
  { keyId, definition }: PendingCall<T>,
  { answer, isFirst }: { answer: T | ApiError; isFirst: boolean },
): Promise<T | ApiError> {
  const first = isFirst ? undefined : await idempotency.answerOf(keyId);
  if (!first) return answer;
  return first instanceof ApiError ? first : definition.responseDeserialize(first);
}
