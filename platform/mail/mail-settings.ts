import * as z from "zod";
import { apiUrlOf } from "../config/api-url.ts";

const DEFAULT_FROM = "MedConnect <no-reply@medconnect.local>";
/** Folder of the gateway's console, which has pages for all links. */
const CONSOLE = "/console";
const outsideProduction = (value: string) => `\`${value}\`; in production: required`;

export const mailSettings = {
  MAIL_URL: z.url({ protocol: /^(smtps?|file)$/, error: "must be smtp://…, smtps://… or file:///…" }).meta({
    secret: true,
    description:
      "Mail server, as `smtp://` or `smtps://user:password@host:port`. In production a server with a user " +
      "must offer TLS; elsewhere `?requireTLS=true` demands it. `file:///folder` writes mails to a " +
      "folder, but not in production",
  }),
  MAIL_FROM: z
    .string()
    .regex(
      /^([^<>@\r\n]* <[^@<>\s]+@[^@<>\s]+>|[^@<>\s]+@[^@<>\s]+)$/,
      'must be an address, such as "MedConnect <no-reply@example.org>"',
    )
    .optional()
    .meta({
      description: "Sender of mails: an address, with or without a name",
      documentedDefault: outsideProduction(DEFAULT_FROM),
    }),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: "must be https://… or http://…" })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional()
    .meta({
      description:
        "Web app to which the links in mails lead, to its paths `/verify-email`, `/reset-password` and " +
        "`/forgot-password`. In production `https://`, except for localhost. Needed with `CONSOLE=off`",
      documentedDefault: "`http://localhost:8080/console`: the [console](operations.md#console) at `API_URL`",
    }),
};

interface MailSettings {
  readonly NODE_ENV?: string | undefined;
  readonly MAIL_URL: string;
  readonly MAIL_FROM?: string | undefined;
  readonly PUBLIC_URL?: string | undefined;
  readonly API_URL?: string | undefined;
}

/** Settings of outgoing mail, with all defaults filled in. */
export interface MailOptions {
  /** URL of the mail server. In production, a URL with a user name requires TLS. */
  readonly url: string;
  readonly from: string;
  /** Base URL of links in mails, without a trailing slash. */
  readonly publicUrl: string;
}

/**
 * Fills in defaults. In production, throws if mails would go to a folder, if MAIL_FROM or API_URL is
 * missing, or if links would lead to another host without TLS.
 */
export function mailOptionsOf(settings: MailSettings): MailOptions {
  const { NODE_ENV, MAIL_URL, MAIL_FROM, PUBLIC_URL } = settings;
  const publicUrl = PUBLIC_URL ?? apiUrlOf(settings) + CONSOLE;
  if (NODE_ENV === "production") {
    if (MAIL_URL.startsWith("file:")) {
      throw new Error("MAIL_URL names a folder, and production needs a mail server: smtp://… or smtps://…");
    }
    if (!MAIL_FROM) throw new Error("MAIL_FROM is required in production");
    if (!isPrivateWay(new URL(publicUrl))) {
      const name = PUBLIC_URL ? "PUBLIC_URL" : "API_URL";
      throw new Error(`${name} must begin with https://, because pages there send the tokens of links`);
    }
  }
  return {
    url: NODE_ENV === "production" ? withTls(MAIL_URL) : MAIL_URL,
    from: MAIL_FROM ?? DEFAULT_FROM,
    publicUrl,
  };
}

/**
 * True if a page at this address is reached over TLS or on the same host, so that nobody in the network can
 * read or change it.
 */
const isPrivateWay = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(hostname);

/**
 * Requires TLS if the URL has a user name. Otherwise an attacker in the network could hide that the server
 * offers TLS, and read the password and the links in mails.
 */
function withTls(mailUrl: string): string {
  const url = new URL(mailUrl);
  if (url.protocol === "smtp:" && url.username) url.searchParams.set("requireTLS", "true");
  return url.href;
}
