import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { RefreshTokenRecord } from "./refresh-token-store.ts";
import type { Session } from "./session.ts";

/**
 * Computes a keyed hash. It proves that auth issued the token for this session, with this expiry. It also
 * covers the session's user, times and `remembered`.
 */
export const refreshTokenProof = (
  proofs: RowProofs,
  hash: Buffer,
  expireTime: Date,
  session: Session,
): Buffer => proofs.of("refresh_tokens", fieldsOf(hash, expireTime, session));

/** True if auth wrote the token and its session in their current form. */
export const isGenuine = (
  proofs: RowProofs,
  { hash, expireTime, proof, session }: RefreshTokenRecord,
): boolean =>
  proofs.accepts("refresh_tokens", proof, fieldsOf(hash, expireTime, session), `sessions/${session.id}`);

const fieldsOf = (hash: Buffer, expireTime: Date, session: Session): Fields => [
  hash,
  expireTime,
  session.id,
  session.userId,
  session.authTime,
  session.expireTime,
  session.remembered,
];
