import { mkdirSync, watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AddressObject, simpleParser } from "mailparser";

/** A mail written to a folder instead of a mail server. */
export interface CaughtMail {
  to: string;
  subject: string;
  text: string;
  /** The first link of the text. */
  link: string | undefined;
  messageId: string;
}

/** Reads a folder's mails, oldest first, which is the order of their names (UUIDv7). */
export async function readMails(folder: string): Promise<CaughtMail[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const mails = names.filter(isMail).sort();
  return await Promise.all(mails.map((name) => readMail(join(folder, name))));
}

/** Calls `onMail` for each new mail. @returns a function that stops watching */
export function watchMails(folder: string, onMail: (mail: CaughtMail) => void): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const watcher = watch(folder, (_, name) => {
    // Deletions are reported, too; reading a deleted file fails.
    if (name !== null && isMail(name)) readMail(join(folder, name)).then(onMail, () => {});
  });
  return () => watcher.close();
}

const isMail = (name: string): boolean => name.endsWith(".eml");

async function readMail(file: string): Promise<CaughtMail> {
  const { to, subject = "", text = "", messageId = "" } = await simpleParser(await readFile(file));
  return {
    // biome-ignore lint/style/noNonNullAssertion: the mailer sends each mail to one address
    to: (to as AddressObject).value[0]!.address!,
    subject,
    text,
    link: text.match(/https?:\S+/)?.[0],
    messageId,
  };
}
