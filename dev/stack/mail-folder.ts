import { mkdirSync, watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { simpleParser } from "mailparser";

/** A mail that was written to a folder instead of being sent. */
export interface CaughtMail {
  to: string;
  subject: string;
  text: string;
  /** The first link in the mail's text; undefined if there is none. */
  link: string | undefined;
  messageId: string;
}

/** Reads the mails of a folder, oldest first. The file names are UUIDv7, which sort by time. */
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
    // `watch` also reports deletions. Reading a deleted file fails, and this error is ignored.
    if (name !== null && isMail(name)) readMail(join(folder, name)).then(onMail, () => {});
  });
  return () => watcher.close();
}

const isMail = (name: string): boolean => name.endsWith(".eml");

async function readMail(file: string): Promise<CaughtMail> {
  const { to, subject = "", text = "", messageId = "" } = await simpleParser(await readFile(file));
  const address = [to].flat()[0]?.value[0]?.address;
  if (!address) throw new Error(`the mail ${file} names no address`);
  return {
    to: address,
    subject,
    text,
    link: text.match(/https?:\S+/)?.[0],
    messageId,
  };
}
