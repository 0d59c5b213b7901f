import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { SetupError } from "../../command/setup-error.ts";

/** A pair of keys in age's format. */
export interface KeyPair {
  /** Private key, AGE-SECRET-KEY-1… */
  identity: string;
  /** Public key, age1… */
  recipient: string;
}

export async function makeKeyPair(): Promise<KeyPair> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Content of a file with the private key, as `age-keygen` writes it. */
export const keyFileOf = ({ identity, recipient }: KeyPair, now: Date): string =>
  `# created: ${now.toISOString()}\n# public key: ${recipient}\n${identity}\n`;

/** Start of a private key, in capitals. */
const SECRET = "AGE-SECRET-KEY-";

/** Reads the private keys of a file in age's format. Throws SetupError if there is none. */
export async function readKeyFile(file: string): Promise<Decrypter> {
  const decrypter = new Decrypter();
  const lines = (await readFile(file, "utf8").catch(unreadable(file))).split("\n").map((line) => line.trim());
  const identities = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (identities.length === 0) throw new SetupError(`${file} has no private key (AGE-SECRET-KEY-1…).`);
  try {
    for (const identity of identities) decrypter.addIdentity(identity);
  } catch {
    throw new SetupError(`${file} is no file of age's private keys, lines that begin with AGE-SECRET-KEY-1.`);
  }
  return decrypter;
}

const unreadable =
  (file: string) =>
  (error: NodeJS.ErrnoException): never => {
    if (file.startsWith(SECRET))
      throw new SetupError("--key takes the file of the private key, not the key.");
    throw new SetupError(`The private key cannot be read from ${file} (${error.code}).`);
  };

/** Makes an encrypter for public keys that are separated by commas. Throws SetupError for a wrong one. */
export function encrypterFor(recipients: string): Encrypter {
  const encrypter = new Encrypter();
  for (const recipient of recipients.split(",").map((text) => text.trim())) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      const wrong = recipient.toUpperCase().startsWith(SECRET) ? "a private key" : `"${recipient}"`;
      throw new SetupError(`BACKUP_RECIPIENT must be public keys of age, age1…, not ${wrong}.`);
    }
  }
  return encrypter;
}

/** Encrypts a stream in authenticated chunks of 64 KiB. The last chunk is marked, so a truncation is found. */
export const encrypted = async (encrypter: Encrypter, plain: Readable): Promise<Readable> =>
  toNode(await encrypter.encrypt(toWeb(plain)));

/**
 * Decrypts a stream. Throws SetupError if none of the private keys fits. The stream fails at the first chunk
 * that is damaged, and at the end if chunks are missing.
 */
export async function decrypted(decrypter: Decrypter, cipher: Readable, file: string): Promise<Readable> {
  try {
    return toNode(await decrypter.decrypt(toWeb(cipher)));
  } catch (error) {
    cipher.destroy();
    const { message } = error as Error;
    throw new SetupError(
      message.startsWith("no identity matched")
        ? `${file} is encrypted to another public key: this private key does not fit.`
        : `${file} is no backup, or its beginning is damaged (${message}).`,
    );
  }
}

// Node's types of web streams differ from those of browsers, which age-encryption uses. The iterator destroys the
// stream when the reader stops early; `Readable.toWeb` would go on and throw.
const toWeb = (stream: Readable) =>
  ReadableStream.from<Uint8Array>(stream) as unknown as globalThis.ReadableStream<Uint8Array>;
const toNode = (stream: globalThis.ReadableStream<Uint8Array>) =>
  Readable.fromWeb(stream as unknown as ReadableStream<Uint8Array>);
