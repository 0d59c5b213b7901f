import type { MethodDefinition } from "@grpc/grpc-js";
import type { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import type { AuditEntry } from "./audit-entry.ts";

/** A call that `begin` started, and the actor that completes it. */
export interface PendingCall<T> {
  keyId: Buffer;
  /** The called method. */
  definition: Pick<MethodDefinition<never, T>, "responseSerialize" | "responseDeserialize">;
  actorId: string;
  /** The call itself; absent if a job completes it later. */
  call?: Call | undefined;
}

/** Answer and entries of a completed call. A refusal is an answer, too, and commits with its effect. */
export interface Completion<T> {
  answer: T | ApiError;
  entries: AuditEntry[];
}
