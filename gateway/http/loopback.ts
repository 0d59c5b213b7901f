/** Word in ALLOWED_HOSTS and CORS_ORIGINS for the names of this machine. */
export const LOOPBACK = "loopback";

/** Names of this machine, as a Host header or a URL writes them (RFC 6761 §6.3, RFC 5735, RFC 4291 §2.5.3). */
export const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"] as const;

const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/** True for pages that this machine serves, at any port. */
export const isLoopbackOrigin = (origin: string): boolean => LOOPBACK_ORIGIN.test(origin);
