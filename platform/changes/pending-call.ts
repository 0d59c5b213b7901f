import type { MethodDefinition } from "@grpc/grpc-js";
import type { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import type { AuditEntry } from "./audit-entry.ts";

/** A call that `begin` started and `finish` completes. */
export interface PendingCall<T> {
  keyId: Buffer;
  /** Converts the answer from and to the bytes stored with the idempotency key. */
  definition: Pick<MethodDefinition<never, T>, "responseSerialize" | "responseDeserialize">;
  actorId: string;
  /** Absent if a job completes the call after the request has ended. */
  call?: Call | undefined;
}

/**
 * Answer of a completed call, and the audit entries to commit with it. A refusal by the provider is an
 * answer, too: it is committed and stored with the idempotency key.
 */
export interface Completion<T> {
  answer: T | ApiError;
  entries: AuditEntry[];
}
