/** Days after which readers must fetch security.txt again. RFC 9116 §2.5.5 recommends less than a year. */
const VALID_DAYS = 90;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Contact for reports of vulnerabilities (RFC 9116), as of `now`. */
export function securityTxt(contacts: readonly string[], apiUrl: string, now: Date): string {
  const expires = new Date(now.getTime() + VALID_DAYS * DAY_MS);
  expires.setUTCHours(0, 0, 0, 0);
  return [
    ...contacts.map((contact) => `Contact: ${contact}`),
    `Expires: ${expires.toISOString()}`,
    "Preferred-Languages: en",
    `Canonical: ${apiUrl}/.well-known/security.txt`,
    "",
  ].join("\n");
}
