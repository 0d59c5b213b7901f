import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A mail's text, in both forms. */
export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A mail as it goes out. */
export interface OutgoingMail extends RenderedMail {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly date: Date;
}

/** Hands mails on. */
export interface MailTransport {
  /** Resolves once the mail is in the hands of the next. Throws what nodemailer throws. */
  send(mail: OutgoingMail): Promise<void>;
}

/** Some nine steps, from the connection to the last reply; together they stay below the lease (`MAIL_LEASE`). */
const SMTP_TIMEOUTS = { connectionTimeout: 5000, greetingTimeout: 10_000, socketTimeout: 10_000 };

/** @param url `smtp://` or `smtps://` of a mail server, or `file://` of a folder that catches the mails */
export function createMailTransport(url: string): MailTransport {
  return new URL(url).protocol === "file:" ? new MailFolder(fileURLToPath(url)) : new MailServer(url);
}

/** Loaded with the first mail: it takes 20 MB. */
const nodemailer = () => import("nodemailer");

/** A connection a mail: one that is shared would send again by itself what it cannot tell to have arrived. */
class MailServer implements MailTransport {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async send(mail: OutgoingMail): Promise<void> {
    const { createTransport } = await nodemailer();
    await createTransport({ url: this.#url, ...SMTP_TIMEOUTS }).sendMail(messageOf(mail));
  }
}

/** Each mail becomes a file, named by its id: sent twice, it is there once. */
class MailFolder implements MailTransport {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async send(mail: OutgoingMail): Promise<void> {
    const { createTransport } = await nodemailer();
    const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail(
      messageOf(mail),
    );
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    const file = join(this.#path, `${mail.id}.eml`);
    await writeFile(`${file}.new`, message as Buffer, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
}

function messageOf({ id, from, to, date, subject, text, html }: OutgoingMail) {
  const [, domain] = from.match(/@([^>\s]+)/)!;
  return {
    // The same in each try: where one arrives twice, mail servers and programs can tell.
    messageId: `<${id}@${domain}>`,
    date,
    from,
    to: { name: "", address: to },
    subject,
    text,
    html,
    // No machine is to answer (RFC 3834 §5).
    headers: { "Auto-Submitted": "auto-generated" },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
