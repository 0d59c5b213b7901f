import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";

/** Where a session is used from: for its user alone to see, so it is sealed, and lives as long as the session. */
export interface SessionClient {
  readonly ipAddress: string;
  readonly userAgent: string;
}

const UNKNOWN: SessionClient = { ipAddress: "", userAgent: "" };

export function sealClient(box: SealedBox, sessionId: string, call: Call): Buffer {
  const client: SessionClient = { ipAddress: call.clientAddress, userAgent: call.userAgent };
  return box.seal(placeOf(sessionId), JSON.stringify(client));
}

/** @param sealed null for a session that was not used since it is kept */
export const openClient = (box: SealedBox, sessionId: string, sealed: Buffer | null): SessionClient =>
  sealed ? JSON.parse(box.open(placeOf(sessionId), sealed).toString()) : UNKNOWN;

const placeOf = (sessionId: string): string => `sessions.client:${sessionId}`;
