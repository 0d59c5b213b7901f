import { type CaughtMail, readMails } from "@medconnect/dev/stack/mail-folder.ts";
import { eventually } from "./eventually.ts";
import type { Running } from "./stack.ts";

const SENT_WITHIN_MS = 10_000;

/** The mails to an address, oldest first, once there are `count`. */
export async function mailsTo({ mailFolder }: Running, email: string, count: number): Promise<CaughtMail[]> {
  return await eventually(
    async () => (await readMails(mailFolder)).filter(({ to }) => to === email),
    ({ length }) => length >= count,
    SENT_WITHIN_MS,
  );
}

/** The token that a mail's link carries to the web app. */
export function tokenOf({ link, subject }: CaughtMail): string {
  const token = link && new URLSearchParams(new URL(link).hash.slice(1)).get("token");
  if (!token) throw new Error(`"${subject}" has no link with a token`);
  return token;
}
