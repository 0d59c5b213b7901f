import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

/** Derives a 256-bit key for one purpose (HKDF, RFC 5869). The keys reveal nothing of each other. */
export const deriveKey = (masterKey: Buffer, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", masterKey, "", `medconnect ${purpose}`, 32)));
