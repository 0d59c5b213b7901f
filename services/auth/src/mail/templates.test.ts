import { expect, test } from "@jest/globals";
import type { Mail } from "./mail.ts";
import { renderMail } from "./templates.ts";

const URL = "https://app.example.org";
const MAILS: Mail[] = [
  { template: "verify-email", token: "t-o_ken" },
  { template: "reset-password", token: "t-o_ken" },
  { template: "already-registered" },
  { template: "password-changed" },
  { template: "mfa-activated" },
  { template: "mfa-disabled" },
  { template: "mfa-reset" },
  { template: "new-recovery-codes" },
  { template: "license-verified", region: "US-CA" },
  { template: "license-rejected", region: "" },
  { template: "license-revoked", region: "DE" },
];

test.each(MAILS)("$template has the same content in text and HTML", (mail) => {
  const { subject, text, html } = renderMail(mail, URL);
  expect(subject).not.toBe("");
  const shown = html
    .replace(/<title>.*<\/title>/, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
  for (const paragraph of text.split("\n\n")) {
    const [words = "", url = ""] = paragraph.trim().split(":\nhttps:");
    expect(shown).toContain(words);
    expect(shown).toContain(url);
  }
});

test.each([
  ["verify-email", `${URL}/verify-email#token=t-o_ken`],
  ["reset-password", `${URL}/reset-password#token=t-o_ken`],
] as const)("%s has its token in the link's fragment, which browsers send to no server", (template, link) => {
  const { text, html } = renderMail({ template, token: "t-o_ken" }, URL);
  expect(text.match(/https:\S+/g)).toEqual([link]);
  expect(html).toContain(`href="${link}"`);
});

test.each(["license-verified", "license-rejected", "license-revoked"] as const)(
  "%s names the region",
  (template) => {
    expect(renderMail({ template, region: "US-CA" }, URL).text).toContain("licence for US-CA");
    expect(renderMail({ template, region: "" }, URL).text).not.toContain("licence for");
  },
);

test("all values are escaped", () => {
  const { html } = renderMail({ template: "password-changed" }, `https://x/"><script>'&`);
  expect(html).toContain("https://x/&quot;&gt;&lt;script&gt;&#39;&amp;/forgot-password");
  expect(html).not.toContain("<script>");
});
