/** A setting that is too weak for production. The message never contains the value. */
export interface WeakSecret {
  setting: string;
  message: string;
}

type Values = Readonly<Record<string, unknown>>;

const MIN_PASSWORD_LENGTH = 16;
/** Minimum number of different bytes in a key. Only one in 10^15 random keys has fewer. */
const MIN_DIFFERENT_BYTES = 16;
const SECRET_TEXT = /(_PASSWORD|_SECRET|_API_KEY|^TLS_KEY)$/;
/** Pattern for the names of settings whose secrets a program generates. Such secrets can be long. */
const MADE_TEXT = /(_DB_PASSWORD|_SECRET|_API_KEY)$/;
const PLACEHOLDER = /change.?me|example|placeholder|insert|password|passwd|secret|medconnect|12345/i;

/**
 * Finds settings that are too weak for production: keys that are not random, missing or guessable passwords,
 * an administrator's account for the database, and a secret that two settings share.
 *
 * @param values parsed settings; keys are bytes or lists of bytes
 */
export function weakSecrets(values: Values): WeakSecret[] {
  return [
    ...weakKeys(values),
    ...weakDatabaseUrl(values),
    ...weakRedisUrl(values),
    ...weakTexts(values),
    ...usedTwice(values),
  ];
}

/** Names of those settings whose value is a secret or contains one. */
export const secretSettings = (values: Values): string[] =>
  Object.entries(values).flatMap(([setting, value]) =>
    keysIn(value).length > 0 || passwordIn(value) || (SECRET_TEXT.test(setting) && value) ? setting : [],
  );

function weakKeys(values: Values): WeakSecret[] {
  return Object.entries(values).flatMap(([setting, value]) =>
    keysIn(value).some((bytes) => !looksRandom(bytes))
      ? { setting, message: "is not random; make one with `openssl rand -base64 32`" }
      : [],
  );
}

function weakDatabaseUrl({ DATABASE_URL: url }: Values): WeakSecret[] {
  if (typeof url !== "string" || !URL.canParse(url)) return [];
  const { username } = new URL(url);
  const password = passwordIn(url);
  const weak = (message: string) => [{ setting: "DATABASE_URL", message }];
  if (username === "root") return weak("must name the service's own user, not MySQL's administrator");
  if (!password) return weak("must have a password");
  if (!isStrong(password)) return weak(`has a weak password; ${HOW_STRONG}`);
  return [];
}

/** Requires a password in REDIS_URL, because anybody with access to Redis could lift rate limits. */
function weakRedisUrl({ REDIS_URL: url, REDIS_WITHOUT_PASSWORD: isAllowed }: Values): WeakSecret[] {
  if (typeof url !== "string" || !URL.canParse(url)) return [];
  const password = passwordIn(url);
  const weak = (message: string) => [{ setting: "REDIS_URL", message }];
  if (!password)
    return isAllowed ? [] : weak("must have a password, unless REDIS_WITHOUT_PASSWORD=true is set");
  return isStrong(password) ? [] : weak(`has a weak password; ${HOW_STRONG}`);
}

function weakTexts(values: Values): WeakSecret[] {
  return Object.entries(values).flatMap(([setting, value]) =>
    MADE_TEXT.test(setting) && typeof value === "string" && !isStrong(value)
      ? { setting, message: `is weak; ${HOW_STRONG}` }
      : [],
  );
}

function usedTwice(values: Values): WeakSecret[] {
  const seen = new Map<string, string>();
  return secretSettings(values).flatMap((setting) =>
    secretsIn(values[setting]).flatMap((secret) => {
      const first = seen.get(secret);
      seen.set(secret, first ?? setting);
      if (first === undefined) return [];
      const message = first === setting ? "holds one key twice" : `must not be the same as ${first}`;
      return { setting, message };
    }),
  );
}

/** True unless the bytes are printable text, repeat themselves, or count up or down. */
function looksRandom(bytes: Uint8Array): boolean {
  // biome-ignore lint/style/noNonNullAssertion: each byte from the second on has a predecessor
  const steps = new Set(bytes.subarray(1).map((byte, i) => byte - bytes[i]!));
  const isText = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return !isText && steps.size > 1 && new Set(bytes).size >= MIN_DIFFERENT_BYTES;
}

const HOW_STRONG = `it must have ${MIN_PASSWORD_LENGTH} characters and hold no common word`;

const isStrong = (password: string): boolean =>
  password.length >= MIN_PASSWORD_LENGTH && !PLACEHOLDER.test(password) && new Set(password).size > 6;

const keysIn = (value: unknown): Uint8Array[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => item instanceof Uint8Array);

const passwordIn = (value: unknown): string =>
  typeof value === "string" && URL.canParse(value) ? decodeURIComponent(new URL(value).password) : "";

const secretsIn = (value: unknown): string[] => {
  const keys = keysIn(value).map((bytes) => Buffer.from(bytes).toString("base64"));
  return keys.length > 0 ? keys : [passwordIn(value) || String(value)];
};
