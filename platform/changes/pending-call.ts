import type { MethodDefinition } from "@grpc/grpc-js";
import type { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import type { AuditEntry } from "./audit-entry.ts";

/** A use case that `begin` has begun, and who ends it. */
export interface PendingCall<T> {
  keyId: Buffer;
  /** The method that was called. */
  definition: Pick<MethodDefinition<never, T>, "responseSerialize" | "responseDeserialize">;
  actorId: string;
  /** The call that ends what it began; absent where a job found it unfinished. */
  call?: Call | undefined;
}

/** How a use case ended that `begin` had begun. A refusal is an answer, too: it is committed with its effect. */
export interface Completion<T> {
  answer: T | ApiError;
  entries: AuditEntry[];
}
