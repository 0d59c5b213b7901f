import { createHash, randomBytes } from "node:crypto";

const BYTES = 32;

/** What a link carries: whoever gives it back reads the mail that it went out with. */
export const newLinkToken = (): string => randomBytes(BYTES).toString("base64url");

/** What is kept of a link's token. */
export const linkTokenHash = (token: string): Buffer => createHash("sha256").update(token).digest();
