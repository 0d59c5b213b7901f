import { availableParallelism } from "node:os";
import { duration, type ServiceConfig } from "@medconnect/platform/config.ts";
import { CLOCK_SKEW_MS } from "@medconnect/platform/identity/access-tokens.ts";
import { Job } from "@medconnect/platform/jobs.ts";
import type { EventRoutes } from "@medconnect/platform/outbox/event.ts";
import type { Platform } from "@medconnect/platform/service.ts";
import { z } from "zod";
import { keepKeys } from "./keys/keep-keys.ts";
import { CACHE_MS, SigningKeys } from "./keys/signing-keys.ts";
import { CHALLENGE_TTL_S } from "./mfa/ask-for-second-factor.ts";
import { PasswordHasher } from "./passwords/password-hasher.ts";
import { publishRevocations } from "./sessions/publish-revocations.ts";

const TOLD_OF_USERS = ["scheduling", "clinical"];

/** Who is told of which of auth's events. */
export const EVENT_ROUTES: EventRoutes = {
  "user.created": TOLD_OF_USERS,
  "user.updated": TOLD_OF_USERS,
  "user.disabled": TOLD_OF_USERS,
  "user.enabled": TOLD_OF_USERS,
  "break_glass.granted": ["clinical"],
  "break_glass.revoked": ["clinical"],
};

/** What auth can be told beyond what every service can. */
export const authSettings = {
  /**
   * How many passwords are hashed at once. Each takes 19 MiB, a core, and a thread of libuv's pool, of which one is
   * left to others.
   */
  HASH_CONCURRENCY: z.coerce.number().int().min(1).default(Math.min(availableParallelism(), 3)),
  /** How many more may wait for that before calls are refused with UNAVAILABLE. */
  HASH_QUEUE: z.coerce.number().int().min(0).default(64),
  /** A refresh token that is not used this long is void. */
  REFRESH_IDLE_TTL: duration("30m"),
  /** A session ends after this long, however much it is used. */
  SESSION_TTL: duration("12h"),
  /** What needs a fresh sign-in takes one that is at most this old. */
  REAUTHENTICATION_AGE: duration("10m"),
  /** How long a key signs tokens before the next one takes over; 0: until `npm run keys -- rotate`. */
  KEY_ROTATION_EVERY: duration("30d"),
  /** How long a break-glass grant lets an admin read. */
  BREAK_GLASS_TTL: duration("30m"),
};

export interface Auth extends Platform {
  readonly hasher: PasswordHasher;
  readonly signingKeys: SigningKeys;
  /** Makes, rotates and retires the signing keys. */
  readonly keysJob: Job;
  /** Tells every process who is signed out; each second, and at once when it is kicked. */
  readonly revocationsJob: Job;
  /** The `iss` and `aud` of access tokens. */
  readonly issuer: string;
  readonly audience: string;
  readonly accessTokenMs: number;
  readonly refreshIdleMs: number;
  readonly sessionMs: number;
  readonly reauthenticationMs: number;
  readonly breakGlassMs: number;
}

const PUBLISH_MS = 1000;
/** How often the signing keys are looked after, or four times in their life where that is short. */
const KEEP_KEYS_MS = 60_000;

type AuthConfig = ServiceConfig & z.infer<z.ZodObject<typeof authSettings>>;

/** What the use cases are built from; makes the first signing keys where there are none. */
export async function buildAuth(platform: Platform, config: AuthConfig): Promise<Auth> {
  const { KEY_ROTATION_EVERY: rotationMs, ACCESS_TOKEN_TTL, JWKS_MAX_AGE } = config;
  const keep = keepKeys(platform, {
    rotationMs,
    tokenMs: Math.max(ACCESS_TOKEN_TTL, CHALLENGE_TTL_S * 1000) + CLOCK_SKEW_MS,
    publishAheadMs: 2 * JWKS_MAX_AGE + CACHE_MS,
  });
  await keep();
  return {
    ...platform,
    hasher: await PasswordHasher.create({ atOnce: config.HASH_CONCURRENCY, waiting: config.HASH_QUEUE }),
    signingKeys: new SigningKeys(platform),
    keysJob: new Job("keep keys", Math.min(KEEP_KEYS_MS, rotationMs / 4 || KEEP_KEYS_MS), keep, platform.log),
    revocationsJob: new Job("publish revocations", PUBLISH_MS, publishRevocations(platform), platform.log),
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    accessTokenMs: config.ACCESS_TOKEN_TTL,
    refreshIdleMs: config.REFRESH_IDLE_TTL,
    sessionMs: config.SESSION_TTL,
    reauthenticationMs: config.REAUTHENTICATION_AGE,
    breakGlassMs: config.BREAK_GLASS_TTL,
  };
}
