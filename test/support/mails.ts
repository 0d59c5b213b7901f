import { type CaughtMail, readMails } from "@medconnect/dev/stack/mail-folder.ts";
import { eventually } from "./eventually.ts";
import type { Running } from "./stack.ts";

/** Waits for `count` mails to an address. @returns the mails, oldest first */
export async function mailsTo({ mailFolder }: Running, email: string, count: number): Promise<CaughtMail[]> {
  return await eventually(
    async () => (await readMails(mailFolder)).filter(({ to }) => to === email),
    ({ length }) => length >= count,
  );
}

/** Returns the token in the link of a mail. Throws if the mail has no link. */
export function tokenOf({ link, subject }: CaughtMail): string {
  const token = link && new URLSearchParams(new URL(link).hash.slice(1)).get("token");
  if (!token) throw new Error(`The mail "${subject}" has no link with a token.`);
  return token;
}
