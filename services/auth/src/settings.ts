import { availableParallelism } from "node:os";
import { duration, limit, wholeNumber } from "@medconnect/platform/config/config.ts";
import { mailSettings } from "@medconnect/platform/mail/mail-settings.ts";
import * as z from "zod";
import { lockoutSettings } from "./lockouts/lockouts.ts";

const isProduction = process.env.NODE_ENV === "production";

const roles = z
  .string()
  .transform((text) => (text === "none" ? [] : text.split(",").map((role) => role.trim())))
  .pipe(
    z.array(
      z.enum(["PATIENT", "DOCTOR", "ADMIN"], "must be none, or of PATIENT, DOCTOR and ADMIN, by comma"),
    ),
  );

/** Settings that only the auth service has, in addition to those of every service. */
export const authSettings = {
  ...mailSettings,
  ...lockoutSettings,
  HASH_CONCURRENCY: wholeNumber({ min: 1 })
    .default(Math.min(availableParallelism(), 3))
    .meta({
      description:
        "Passwords hashed at once. Each takes 19 MiB, a core, and one of libuv's four threads, of which " +
        "one is left to other work",
      documentedDefault: "`min(cores, 3)`",
    }),
  HASH_QUEUE: wholeNumber({ min: 0 })
    .default(64)
    .describe("Calls that wait for a password to be hashed; further ones get UNAVAILABLE (503)"),
  EMAIL_VERIFICATION: z
    .enum(["off", "required"])
    .default(isProduction ? "required" : "off")
    .meta({
      description:
        "`required`: an account exists only after its owner opens the mailed link and gives the password. " +
        "Registering then does not show whether an e-mail is known",
      documentedDefault: "`off`; in production: `required`",
    }),
  VERIFY_LINK_TTL: duration("24h").describe("Validity of the links that confirm an e-mail address"),
  RESET_LINK_TTL: duration("30m").describe("Validity of the links that reset a password"),
  MAIL_PAUSE: duration("5m").describe("Pause between two password-reset links for one account"),
  CONSTANT_RESPONSE_TIME: duration("100ms").describe(
    "Constant response time of answers that must not show whether an e-mail is known",
  ),
  MAIL_LEASE: duration("2m").describe(
    "Lease of a process on the mail that it sends, longer than the slowest dialogue with a mail server. " +
      "After a crash, another process sends the mail again",
  ),
  REFRESH_IDLE_TTL: duration("30m").describe("Longest time between two uses of a session's refresh token"),
  SESSION_TTL: duration("12h").describe("Longest session, however much it is used"),
  REFRESH_IDLE_TTL_REMEMBERED: duration("7d").describe("`REFRESH_IDLE_TTL` after a login with `rememberMe`"),
  SESSION_TTL_REMEMBERED: duration("30d").describe("`SESSION_TTL` after a login with `rememberMe`"),
  MFA_REQUIRED_ROLES: roles.prefault(isProduction ? "DOCTOR,ADMIN" : "none").meta({
    description:
      "Roles that need a second factor: `PATIENT`, `DOCTOR` and `ADMIN`, by comma, or `none`. Without one, " +
      "their accounts can do little else than set it up",
    documentedDefault: "`none`; in production: `DOCTOR,ADMIN`",
  }),
  KEY_ROTATION_EVERY: duration("30d").describe(
    "Time for which one key signs tokens; `0s`: until `npm run keys -- rotate`",
  ),
  BREAK_GLASS_TTL: duration("30m").describe(
    "Validity of a break-glass grant. Clinical refuses longer ones, so raise it there first",
  ),
  BREAK_GLASS_MAX_OPEN: limit(5).describe("Open break-glass grants of each admin; 0: no limit"),
};
