import type { Fields, Proofs } from "../proofs/proofs.ts";
import type { RefreshTokenRecord, Session } from "./session-store.ts";

/** Proof that auth gave this session to the bearer of a token: nobody else's session, nor a longer or a fresher one. */
export const refreshTokenProof = (proofs: Proofs, hash: Buffer, expireTime: Date, session: Session): Buffer =>
  proofs.of("refresh_tokens", fieldsOf(hash, expireTime, session));

/** Whether auth wrote the token and its session as they stand. */
export const isGenuine = (
  proofs: Proofs,
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
