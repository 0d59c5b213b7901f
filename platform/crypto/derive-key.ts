import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

/** A 256-bit key for one purpose out of a master key (HKDF, RFC 5869): keys of different purposes tell nothing of each other. */
export const deriveKey = (masterKey: Buffer, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", masterKey, "", `medconnect ${purpose}`, 32)));
