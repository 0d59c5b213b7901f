import type { RenderedMail } from "@medconnect/platform/mail/mail-transport.ts";
import type { Mail } from "./mail.ts";

/** Content of a mail in both forms, text and HTML. */
interface Content {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  readonly action?: { readonly label: string; readonly url: string };
}

const IF_NOT_YOU = "If this was not you, somebody else may know your password: choose a new one now.";

/**
 * Renders a mail as text and as HTML. Mails contain no text that users wrote, so nobody can use a
 * registration to send messages to strangers. Tokens are in the fragment of links, because browsers send no
 * fragment to servers.
 *
 * @param publicUrl base URL of the links, without a trailing slash
 */
export function renderMail(mail: Mail, publicUrl: string): RenderedMail {
  return render(contentOf(mail, publicUrl));
}

function contentOf(mail: Mail, publicUrl: string): Content {
  const reset = { label: "Choose a new password", url: `${publicUrl}/forgot-password` };
  switch (mail.template) {
    case "verify-email":
      return {
        subject: "Confirm your e-mail address",
        paragraphs: [
          "Somebody has registered with MedConnect with this e-mail address. If it was you, follow the link and enter the password of this registration to create your account. Each mail belongs to one registration and its password.",
          "If it was not you, do nothing. No account is created, and the registration is deleted.",
        ],
        action: { label: "Confirm the address", url: `${publicUrl}/verify-email#token=${mail.token}` },
      };
    case "already-registered":
      return {
        subject: "You have an account already",
        paragraphs: [
          "Somebody has tried to register with MedConnect with this e-mail address. It already has an account, and nothing was changed.",
          "If it was you, sign in with your password, or choose a new one.",
        ],
        action: reset,
      };
    case "reset-password":
      return {
        subject: "Choose a new password",
        paragraphs: [
          "Somebody has requested a new password for the MedConnect account with this e-mail address. The link works once, for a short time.",
          "If it was not you, do nothing. Your password stays the same.",
        ],
        action: { label: reset.label, url: `${publicUrl}/reset-password#token=${mail.token}` },
      };
    case "password-changed":
      return {
        subject: "Your password was changed",
        paragraphs: [
          "The password of your MedConnect account was changed, and other devices were signed out.",
          IF_NOT_YOU,
        ],
        action: reset,
      };
    case "mfa-activated":
      return {
        subject: "A second factor was set up",
        paragraphs: [
          "From now on, signing in to your MedConnect account asks for a code as well. Other devices were signed out.",
          IF_NOT_YOU,
        ],
        action: reset,
      };
    case "mfa-disabled":
      return {
        subject: "Your second factor was removed",
        paragraphs: ["Signing in to your MedConnect account no longer asks for a code.", IF_NOT_YOU],
        action: reset,
      };
    case "mfa-reset":
      return {
        subject: "Your second factor was reset",
        paragraphs: [
          "At your request, we have removed the second factor from your MedConnect account. Set a new one up when you sign in.",
          "If you did not ask for it, tell us at once.",
        ],
      };
    case "license-verified":
      return {
        subject: "Your licence was verified",
        paragraphs: [
          `We have verified your ${licenseFor(mail.region)}. While it is valid, patients can find you on MedConnect and book your open slots.`,
        ],
      };
    case "license-rejected":
      return {
        subject: "Your licence could not be verified",
        paragraphs: [
          `We could not verify your ${licenseFor(mail.region)}. Sign in to MedConnect to read the reason.`,
          "Correct the data, then claim the licence again.",
        ],
      };
    case "license-revoked":
      return {
        subject: "Your licence was revoked",
        paragraphs: [
          `Your ${licenseFor(mail.region)} is no longer valid on MedConnect. Sign in to read the reason.`,
          "Bookings that need it were cancelled, and the patients get their fees back.",
        ],
      };
    case "new-recovery-codes":
      return {
        subject: "You have new recovery codes",
        paragraphs: [
          "New recovery codes were made for your MedConnect account. The old ones no longer work.",
          IF_NOT_YOU,
        ],
        action: reset,
      };
  }
}

const licenseFor = (region: string): string => (region === "" ? "licence" : `licence for ${region}`);

const SIGNATURE = "MedConnect";

function render({ subject, paragraphs, action }: Content): RenderedMail {
  const link = action ? [`${action.label}:\n${action.url}`] : [];
  const button = action
    ? [
        `<p><a href="${escaped(action.url)}">${escaped(action.label)}</a></p>`,
        `<p>${escaped(action.url)}</p>`,
      ]
    : [];
  const html = [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head>`,
    '<body style="font-family: sans-serif; max-width: 36em">',
    ...paragraphs.map((paragraph) => `<p>${escaped(paragraph)}</p>`),
    ...button,
    `<p>${SIGNATURE}</p>`,
    "</body></html>",
  ];
  return {
    subject,
    text: `${[...paragraphs, ...link, SIGNATURE].join("\n\n")}\n`,
    html: `${html.join("\n")}\n`,
  };
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? character);
