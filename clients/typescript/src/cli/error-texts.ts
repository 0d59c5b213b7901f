import type { Reason } from "../gen/types.ts";

const OTHER_VERSION =
  "The server does not know this command. Compare the versions of the server and of medconnect --version.";

/** Texts in place of those of the API that speak of HTTP, or whose next step is a command. */
export const ERROR_TEXTS: Partial<Record<Reason, string>> = {
  UNAUTHENTICATED: "You are not signed in. Sign in: medconnect login",
  INVALID_REFRESH_TOKEN: "Your session has ended. Sign in again: medconnect login",
  REAUTHENTICATION_REQUIRED: "This needs a sign-in of the last few minutes. Sign in again: medconnect login",
  MFA_ENROLLMENT_REQUIRED:
    "Your role requires a second factor. Set it up: medconnect set-up-totp, then medconnect activate-totp --code CODE",
  NOT_OWNER: "Only the owner may change this. Use your own id, which medconnect whoami shows.",
  INVALID_PAGE_TOKEN:
    "--page-token is of another list, or of other flags. Repeat all flags of the first page, or leave out --page-token.",
  ETAG_MISMATCH:
    "The resource has changed since the version of --etag. Read it again, and repeat the change with its etag.",
  HOLD_COOLDOWN: "You held this slot without paying. Choose another slot, or wait.",
  RATE_LIMITED: "There were too many requests. Wait, then try again.",
  UNAVAILABLE: "A part of the system is unavailable. Try again.",
  REVOCATION_UNKNOWN: "The server cannot check your session at present. Try again.",
  IDEMPOTENCY_KEY_REUSED:
    "--idempotency-key belongs to another request. Repeat that one unchanged, or leave the key out.",
  IDEMPOTENCY_IN_PROGRESS: "The first request with this key is still running. Wait, then try again.",
  BODY_TOO_LARGE: "The request is too large. Shorten its texts, or send the items in several requests.",
  ROUTE_NOT_FOUND: OTHER_VERSION,
  METHOD_NOT_ALLOWED: OTHER_VERSION,
  UNIMPLEMENTED: OTHER_VERSION,
};
