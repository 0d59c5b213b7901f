import { UsageError } from "./usage-error.ts";

/**
 * The URL of an API in its normal form, without a slash at its end.
 *
 * @param source place of the text, for messages
 * @throws UsageError for another text. The message does not show a password in it
 */
export function serverUrl(text: string, source: string): string {
  const trimmed = text.trim();
  // The parser of URLs would drop line breaks and tabs.
  if (/[\s\p{Cc}]/u.test(trimmed)) throw new UsageError(`${source} has a space or a control character.`);
  if (!/^https?:\/\//i.test(trimmed) || !URL.canParse(trimmed)) {
    const shown = trimmed.replace(/^.*@/, "…@");
    throw new UsageError(`${source} must be a URL such as http://localhost:8080, not "${shown}".`);
  }
  const { origin, pathname, search, hash, username, password } = new URL(trimmed);
  if (username || password) {
    throw new UsageError(`${source} must have no user and no password. Sign in with medconnect login.`);
  }
  if (search || hash) throw new UsageError(`${source} must have no query and no fragment.`);
  return `${origin}${pathname}`.replace(/\/+$/, "");
}

/** Address of the page with all error reasons, each of which is a fragment. */
export const errorsPage = (server: string): string => `${server}/docs/errors`;
