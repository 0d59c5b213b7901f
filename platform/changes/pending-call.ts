import type { MethodDefinition } from "@grpc/grpc-js";
import type { Call } from "../grpc/call.ts";

/** A call that `begin` started and `finish` completes. */
export interface PendingCall<T> {
  keyId: Buffer;
  /** Converts the answer from and to the bytes stored with the idempotency key. */
  definition: Pick<MethodDefinition<never, T>, "responseSerialize" | "responseDeserialize">;
  actorId: string;
  /** Absent if a job completes the call after the request has ended. */
  call?: Call | undefined;
}
