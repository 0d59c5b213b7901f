import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Subject and content of a mail. The content is there twice, as plain text and as HTML. */
export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface OutgoingMail extends RenderedMail {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly date: Date;
}

export interface MailTransport {
  /** Sends a mail. Resolves when the mail server has accepted it. Throws the errors of nodemailer. */
  send(mail: OutgoingMail): Promise<void>;
}

/**
 * Time-outs in ms. An attempt to send a mail has about nine SMTP steps. All steps together must take less
 * time than the lease of the mail. After the lease, another process would send the mail.
 */
const SMTP_TIMEOUTS = { connectionTimeout: 5000, greetingTimeout: 10_000, socketTimeout: 10_000 };

/**
 * Makes the transport for a URL: `smtp://` or `smtps://` of a mail server, or `file://` of a folder into
 * which mails are written.
 */
export function createMailTransport(url: string): MailTransport {
  return new URL(url).protocol === "file:" ? new MailFolder(fileURLToPath(url)) : new MailServer(url);
}

/** Loads nodemailer only when the first mail is sent, because nodemailer takes 20 MB of memory. */
const nodemailer = () => import("nodemailer");

/**
 * Sends mails to a server, each over a connection of its own. If a connection shared by several mails broke,
 * all of them would be sent again, although some may have arrived.
 */
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

/**
 * Writes each mail into a file named by the id of the mail, so that a mail that is sent twice gives only one
 * file.
 */
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
  // biome-ignore lint/style/noNonNullAssertion: the schema of MAIL_FROM requires an address
  const [, domain] = from.match(/@([^>\s]+)/)!;
  return {
    // Each attempt to send a mail has the same message id, so that mail servers and clients recognize
    // duplicates.
    messageId: `<${id}@${domain}>`,
    date,
    from,
    to: { name: "", address: to },
    subject,
    text,
    html,
    // Suppresses automatic replies (RFC 3834 §5).
    headers: { "Auto-Submitted": "auto-generated" },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
