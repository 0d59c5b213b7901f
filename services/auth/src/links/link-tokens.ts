import { createHash, randomBytes } from "node:crypto";
import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { LinkToken } from "./link-token-store.ts";

const BYTES = 32;

/** A new link token: 256 random bits in base64url. A caller who knows the token has access to the mailbox. */
export const newLinkToken = (): string => randomBytes(BYTES).toString("base64url");

/** Hashes a link token for storage (SHA-256). */
export const linkTokenHash = (token: string): Buffer => createHash("sha256").update(token).digest();

/** Adds a proof (a keyed hash) that auth mailed the link to this address. */
export const withProof = (proofs: RowProofs, link: Omit<LinkToken, "proof">, email: string): LinkToken => ({
  ...link,
  proof: proofs.of("link_tokens", fieldsOf(link, email)),
});

/** True if auth wrote the link's row, and mailed the link to the account's current address. */
export const isGenuine = (proofs: RowProofs, link: LinkToken, email: string): boolean =>
  proofs.accepts("link_tokens", link.proof, fieldsOf(link, email), `users/${link.userId}`);

const fieldsOf = ({ hash, userId, expireTime }: Omit<LinkToken, "proof">, email: string): Fields => [
  hash,
  userId,
  expireTime,
  email,
];
