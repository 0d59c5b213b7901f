import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Session } from "./session-store.ts";

/** Where a session is used from: for its user alone to see, so it is sealed, and lives as long as the session. */
export interface SessionClient {
  readonly ipAddress: string;
  readonly userAgent: string;
}

type Owned = Pick<Session, "id" | "userId">;

export function sealClient(cipher: FieldCipher, session: Owned, call: Call): Buffer {
  const client: SessionClient = { ipAddress: call.clientAddress, userAgent: call.userAgent };
  return cipher.encrypt(placeOf(session), JSON.stringify(client));
}

export const openClient = (cipher: FieldCipher, session: Owned, sealed: Buffer | null): SessionClient =>
  JSON.parse(cipher.decrypt(placeOf(session), sealed).toString());

const placeOf = ({ id, userId }: Owned): string => `sessions.client:${id}:${userId}`;
