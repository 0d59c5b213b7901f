import type { ServerUnaryCall } from "@grpc/grpc-js";

const DEFAULT_DEADLINE_MS = 10_000;
const MAX_DEADLINE_MS = 60_000;

/**
 * Returns the deadline of a call in ms since the epoch. This is the client's deadline, but at most
 * `MAX_DEADLINE_MS` from now. Without one, it is `DEFAULT_DEADLINE_MS` from now.
 */
export function deadlineOf(incoming: ServerUnaryCall<Buffer, unknown>): number {
  const deadline = Number(incoming.getDeadline());
  const now = Date.now();
  return Number.isFinite(deadline) ? Math.min(deadline, now + MAX_DEADLINE_MS) : now + DEFAULT_DEADLINE_MS;
}
