import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { Json } from "./api.ts";
import { sharedSecrets, sharedStack } from "./stack.ts";

/** A key with which auth signs access tokens. No other process has the private key. */
export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
}

/**
 * Reads the shared system's signing key from auth's database, so that tests can change single parts of a
 * token.
 */
export async function sharedSigningKey(): Promise<SigningKey> {
  const database = await createConnection({ uri: sharedStack().urls.mysql, database: "medconnect_auth" });
  const [[row]] = await database.query<RowDataPacket[]>(
    `SELECT kid, private_key AS encrypted FROM signing_keys
     WHERE activate_time <= UTC_TIMESTAMP(3) ORDER BY activate_time DESC LIMIT 1`,
  );
  await database.end();
  const { kid, encrypted } = row as { kid: string; encrypted: Buffer };
  const cipher = new FieldCipher(Buffer.from(sharedSecrets().dataKeys.auth, "base64"));
  const key = cipher.decrypt(`signing_keys.private_key:${kid}`, encrypted);
  return { kid, privateKey: createPrivateKey({ key, format: "der", type: "pkcs8" }) };
}

/** Makes a JWT with any header and claims (RFC 7515 §3.1). */
export function jwt(header: unknown, claims: unknown, signer: (input: Buffer) => Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signer(Buffer.from(input)).toString("base64url")}`;
}

/** Signs like auth, with Ed25519 (RFC 8037). */
export const ed25519 =
  (key: KeyObject) =>
  (input: Buffer): Buffer =>
    sign(undefined, input, key);

/** Decodes the header and the claims of a token, without checking its signature. */
export function decoded(token: string): { header: Json; claims: Json } {
  const [header, claims] = token.split(".").map((part) => Buffer.from(part, "base64url").toString());
  return { header: JSON.parse(header!), claims: JSON.parse(claims!) };
}

function encode(part: unknown): string {
  return Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
}
