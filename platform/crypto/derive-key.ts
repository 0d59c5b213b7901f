import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

/**
 * Derives a 256-bit key for one purpose from a master key (HKDF, RFC 5869). A derived key reveals nothing
 * about the keys for other purposes.
 */
export const deriveKey = (masterKey: Buffer, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", masterKey, "", `medconnect ${purpose}`, 32)));
