import { availableParallelism } from "node:os";
import { duration } from "@medconnect/platform/config/config.ts";
import { mailSettings } from "@medconnect/platform/mail/mail-settings.ts";
import * as z from "zod";
import { lockoutSettings } from "./lockouts/lockouts.ts";

const roles = z
  .string()
  .transform((text) => (text === "none" ? [] : text.split(",").map((role) => role.trim())))
  .pipe(z.array(z.enum(["PATIENT", "DOCTOR", "ADMIN"], "must be roles by comma, or none")));

/** What auth can be told beyond what every service can. */
export const authSettings = {
  NODE_ENV: z.string().optional(),
  ...mailSettings,
  ...lockoutSettings,
  /**
   * How many passwords are hashed at once. Each takes 19 MiB, a core, and a thread of libuv's pool, of which one is
   * left to others.
   */
  HASH_CONCURRENCY: z.coerce.number().int().min(1).default(Math.min(availableParallelism(), 3)),
  /** How many more may wait for that before calls are refused with UNAVAILABLE. */
  HASH_QUEUE: z.coerce.number().int().min(0).default(64),
  /** Whether there is no account before the link that was mailed for it was followed. */
  EMAIL_VERIFICATION: z
    .enum(["off", "required"])
    .default(process.env.NODE_ENV === "production" ? "required" : "off"),
  /** How long the links in mails are good. */
  VERIFY_LINK_TTL: duration("24h"),
  RESET_LINK_TTL: duration("30m"),
  /** Of the links to reset the password, which anybody can ask for, an account gets one in this time. */
  MAIL_PAUSE: duration("5m"),
  /** When an answer leaves that must not tell, by its time either, whether an e-mail is known. */
  ALIKE_ANSWER_AFTER: duration("100ms"),
  /** How long a process has for a mail that it sends; longer than the slowest dialogue with a mail server. */
  MAIL_LEASE: duration("2m"),
  /** A refresh token that is not used this long is void. */
  REFRESH_IDLE_TTL: duration("30m"),
  /** A session ends after this long, however much it is used. */
  SESSION_TTL: duration("12h"),
  /** The same for whoever asks to be remembered. */
  REFRESH_IDLE_TTL_REMEMBERED: duration("7d"),
  SESSION_TTL_REMEMBERED: duration("30d"),
  /** Whose accounts must have a second factor; "none" is nobody's. */
  MFA_REQUIRED_ROLES: roles.default(() =>
    process.env.NODE_ENV === "production" ? ["DOCTOR" as const, "ADMIN" as const] : [],
  ),
  /** How long a key signs tokens before the next one takes over; 0: until `npm run keys -- rotate`. */
  KEY_ROTATION_EVERY: duration("30d"),
  /** How long a break-glass grant lets an admin read. */
  BREAK_GLASS_TTL: duration("30m"),
  /** Maximum of an admin's open grants; 0: no limit. */
  BREAK_GLASS_MAX_OPEN: z.coerce.number().int().min(0).default(5),
};
