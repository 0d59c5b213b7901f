import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Request, Response } from "express";

export const SECURITY_TXT_PATH = "/.well-known/security.txt";

/** Days after which readers must fetch security.txt again. RFC 9116 §2.5.5 recommends less than a year. */
const VALID_DAYS = 90;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Serves the contacts for reports of vulnerabilities (RFC 9116), which are URIs. Throws ROUTE_NOT_FOUND if there are
 * none.
 */
export const serveSecurityTxt =
  (contacts: readonly string[], apiUrl: string) =>
  (_request: Request, response: Response): void => {
    if (contacts.length === 0) {
      throw new ApiError("ROUTE_NOT_FOUND", {
        detail: "There is no contact. The operator sets SECURITY_CONTACT.",
      });
    }
    response.type("text/plain").send(securityTxt(contacts, apiUrl, new Date()));
  };

function securityTxt(contacts: readonly string[], apiUrl: string, now: Date): string {
  const expires = new Date(now.getTime() + VALID_DAYS * DAY_MS);
  expires.setUTCHours(0, 0, 0, 0);
  return [
    ...contacts.map((contact) => `Contact: ${contact}`),
    `Expires: ${expires.toISOString()}`,
    "Preferred-Languages: en",
    `Canonical: ${apiUrl}${SECURITY_TXT_PATH}`,
    "",
  ].join("\n");
}
