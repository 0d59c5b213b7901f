import { createHash, randomBytes } from "node:crypto";
import type { Fields, Proofs } from "../proofs/proofs.ts";
import type { LinkToken } from "./link-token-store.ts";

const BYTES = 32;

/** What a link carries: whoever gives it back reads the mail that it went out with. */
export const newLinkToken = (): string => randomBytes(BYTES).toString("base64url");

/** What is kept of a link's token. */
export const linkTokenHash = (token: string): Buffer => createHash("sha256").update(token).digest();

/** The link with a proof that auth mailed it for this account. */
export const withProof = (proofs: Proofs, link: Omit<LinkToken, "proof">): LinkToken => ({
  ...link,
  proof: proofs.of("link_tokens", fieldsOf(link)),
});

/** True if auth wrote the link's row in its current form. */
export const isGenuine = (proofs: Proofs, link: LinkToken): boolean =>
  proofs.accepts("link_tokens", link.proof, fieldsOf(link), `users/${link.userId}`);

const fieldsOf = ({ hash, userId, expireTime }: Omit<LinkToken, "proof">): Fields => [
  hash,
  userId,
  expireTime,
];
