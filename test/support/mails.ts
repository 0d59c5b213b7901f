import { type CaughtMail, readMails } from "@medconnect/dev/stack/mail-folder.ts";
import { eventually } from "./eventually.ts";
import type { Running } from "./stack.ts";

/** Waits for `count` mails to an address. @returns them, oldest first */
export async function mailsTo({ mailFolder }: Running, email: string, count: number): Promise<CaughtMail[]> {
  return await eventually(
    async () => (await readMails(mailFolder)).filter(({ to }) => to === email),
    ({ length }) => length >= count,
  );
}

/** Token in a mail's link. Throws for a mail without a link. */
export function tokenOf({ link, subject }: CaughtMail): string {
  const token = link && new URLSearchParams(new URL(link).hash.slice(1)).get("token");
  if (!token) throw new Error(`The mail "${subject}" has no link with a token.`);
  return token;
}
