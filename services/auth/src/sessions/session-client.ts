import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Session } from "./session-store.ts";

/** Where a session is used from: for its user alone to see, so it is sealed, and lives as long as the session. */
export interface SessionClient {
  readonly ipAddress: string;
  readonly userAgent: string;
}

type Owned = Pick<Session, "id" | "userId">;

export function sealClient(box: SealedBox, session: Owned, call: Call): Buffer {
  const client: SessionClient = { ipAddress: call.clientAddress, userAgent: call.userAgent };
  return box.seal(placeOf(session), JSON.stringify(client));
}

export const openClient = (box: SealedBox, session: Owned, sealed: Buffer | null): SessionClient =>
  JSON.parse(box.open(placeOf(session), sealed).toString());

const placeOf = ({ id, userId }: Owned): string => `sessions.client:${id}:${userId}`;
