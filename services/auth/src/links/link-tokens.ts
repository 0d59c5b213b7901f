import { createHash, randomBytes } from "node:crypto";
import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { LinkToken } from "./link-token-store.ts";

const BYTES = 32;

/** What a link carries: whoever gives it back reads the mail that it went out with. */
export const newLinkToken = (): string => randomBytes(BYTES).toString("base64url");

/** What is kept of a link's token. */
export const linkTokenHash = (token: string): Buffer => createHash("sha256").update(token).digest();

/** The link with a proof that auth mailed it to this address of the account. */
export const withProof = (proofs: RowProofs, link: Omit<LinkToken, "proof">, email: string): LinkToken => ({
  ...link,
  proof: proofs.of("link_tokens", fieldsOf(link, email)),
});

/** True if auth wrote the link's row, and mailed it to the address that the account has now. */
export const isGenuine = (proofs: RowProofs, link: LinkToken, email: string): boolean =>
  proofs.accepts("link_tokens", link.proof, fieldsOf(link, email), `users/${link.userId}`);

const fieldsOf = ({ hash, userId, expireTime }: Omit<LinkToken, "proof">, email: string): Fields => [
  hash,
  userId,
  expireTime,
  email,
];
