import { apiUrlOf } from "@medconnect/platform/config/api-url.ts";
import type { ServiceConfig } from "@medconnect/platform/config/config.ts";
import { TOKEN_PATH } from "@medconnect/platform/contract/token-endpoint.ts";
import { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import { CLOCK_SKEW_MS } from "@medconnect/platform/identity/access-tokens.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import { RevocationLists } from "@medconnect/platform/identity/revocation-lists.ts";
import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { MailOptions } from "@medconnect/platform/mail/mail-settings.ts";
import { createMailTransport } from "@medconnect/platform/mail/mail-transport.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import type * as z from "zod";
import { keepKeys } from "./keys/keep-keys.ts";
import { CACHE_MS, SigningKeys } from "./keys/signing-keys.ts";
import { type Lockouts, lockoutsOf } from "./lockouts/lockouts.ts";
import { deliverMails, type Mailing, watchMails } from "./mail/deliver-mails.ts";
import { CHALLENGE_TTL_S } from "./mfa/challenge.ts";
import { PasswordHasher } from "./passwords/password-hasher.ts";
import { warnUnverified } from "./registration/warn-unverified.ts";
import { publishRevocations } from "./revocations/publish-revocations.ts";
import type { Lifetime } from "./sessions/session.ts";
import type { authSettings } from "./settings.ts";

export interface Auth extends Platform, Mailing {
  readonly hasher: PasswordHasher;
  readonly proofs: RowProofs;
  readonly signingKeys: SigningKeys;
  /** Makes, rotates and retires signing keys. */
  readonly keysJob: Job;
  readonly lockouts: Lockouts;
  /** Publishes revocations to all processes, every second and at once after `kick()`. */
  readonly revocationsJob: Job;
  /** Sends due mails, every second and at once after `kick()`. */
  readonly mailJob: Job;
  readonly verifyLinkMs: number;
  readonly resetLinkMs: number;
  readonly mailPauseMs: number;
  readonly mustVerifyEmail: boolean;
  /** Response time, in ms, of calls that must not show whether an e-mail is known. */
  readonly constantResponseMs: number;
  /** The `iss` claim of access tokens. */
  readonly issuer: string;
  /** The `aud` claim of access tokens. */
  readonly audience: string;
  /** Accepted `aud` claims of clients' assertions: the issuer of the OAuth metadata, and the token URL. */
  readonly audiencesOfAssertions: readonly string[];
  readonly accessTokenMs: number;
  readonly lifetimes: { readonly ordinary: Lifetime; readonly remembered: Lifetime };
  readonly breakGlassMs: number;
  readonly breakGlassMaxOpen: number;
  /** Users with these roles must set up a second factor before they can do much else. */
  readonly mfaRequiredRoles: readonly Role[];
}

const PUBLISH_MS = 1000;
/**
 * Maximum interval of the key job in ms. A quarter of `KEY_ROTATION_EVERY` is used instead if that is
 * shorter.
 */
const KEEP_KEYS_MS = 60_000;
const MAIL_MS = 1000;

type AuthConfig = ServiceConfig & z.infer<z.ZodObject<typeof authSettings>>;

/**
 * Builds the dependencies of the RPC handlers and jobs. Also makes the first signing keys, if there are none.
 */
export async function buildAuth(platform: Platform, config: AuthConfig, mail: MailOptions): Promise<Auth> {
  const { KEY_ROTATION_EVERY: rotationMs, ACCESS_TOKEN_TTL, JWKS_MAX_AGE } = config;
  const keep = keepKeys(platform, {
    rotationMs,
    tokenMs: Math.max(ACCESS_TOKEN_TTL, CHALLENGE_TTL_S * 1000) + CLOCK_SKEW_MS,
    publishAheadMs: 2 * JWKS_MAX_AGE + CACHE_MS,
  });
  const apiUrl = apiUrlOf(config);
  warnUnverified(config, platform.log);
  const proofs = new RowProofs(platform);
  await keep();
  const signingKeys = new SigningKeys(platform);
  // Also reads the keys, so that forged keys are counted in the metric `signing_keys.refused` even if no
  // client requests keys.
  const keepAndCheck = async () => {
    await keep();
    await signingKeys.published();
  };
  const mailing: Mailing = {
    mailTransport: createMailTransport(mail.url),
    mailFrom: mail.from,
    mailLeaseMs: config.MAIL_LEASE,
    publicUrl: mail.publicUrl,
  };
  watchMails(platform);
  return {
    ...platform,
    ...mailing,
    mailJob: new Job(
      "send mails",
      MAIL_MS,
      platform.outbound.guard(deliverMails({ ...platform, ...mailing })),
      platform.log,
    ),
    hasher: new PasswordHasher({ atOnce: config.HASH_CONCURRENCY, waiting: config.HASH_QUEUE }),
    proofs,
    signingKeys,
    lockouts: lockoutsOf(config),
    keysJob: new Job(
      "keep keys",
      Math.min(KEEP_KEYS_MS, rotationMs / 4 || KEEP_KEYS_MS),
      keepAndCheck,
      platform.log,
    ),
    revocationsJob: new Job(
      "publish revocations",
      PUBLISH_MS,
      publishRevocations(platform, new RevocationLists(config.INTERNAL_KEY)),
      platform.log,
    ),
    verifyLinkMs: config.VERIFY_LINK_TTL,
    resetLinkMs: config.RESET_LINK_TTL,
    mailPauseMs: config.MAIL_PAUSE,
    constantResponseMs: config.CONSTANT_RESPONSE_TIME,
    mustVerifyEmail: config.EMAIL_VERIFICATION === "required",
    issuer: apiUrl,
    audience: config.JWT_AUDIENCE,
    audiencesOfAssertions: [apiUrl, apiUrl + TOKEN_PATH],
    accessTokenMs: config.ACCESS_TOKEN_TTL,
    lifetimes: {
      ordinary: { sessionMs: config.SESSION_TTL, idleMs: config.REFRESH_IDLE_TTL },
      remembered: { sessionMs: config.SESSION_TTL_REMEMBERED, idleMs: config.REFRESH_IDLE_TTL_REMEMBERED },
    },
    breakGlassMs: config.BREAK_GLASS_TTL,
    breakGlassMaxOpen: config.BREAK_GLASS_MAX_OPEN,
    mfaRequiredRoles: config.MFA_REQUIRED_ROLES,
  };
}
