import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Session } from "./session.ts";

/**
 * Device that last used a session. Only the user of the session may see this data, so it is stored encrypted.
 */
export interface SessionClient {
  readonly ipAddress: string;
  readonly userAgent: string;
}

type Owned = Pick<Session, "id" | "userId">;

export function encryptClient(cipher: FieldCipher, session: Owned, call: Call): Buffer {
  const client: SessionClient = { ipAddress: call.clientAddress, userAgent: call.userAgent };
  return cipher.encrypt(contextOf(session), JSON.stringify(client));
}

/** Decrypts the device of a session. Throws RECORD_ALTERED if it was not encrypted for this session. */
export const decryptClient = (cipher: FieldCipher, session: Owned, encrypted: Buffer | null): SessionClient =>
  JSON.parse(cipher.decrypt(contextOf(session), encrypted).toString());

const contextOf = ({ id, userId }: Owned): string => `sessions.client:${id}:${userId}`;
