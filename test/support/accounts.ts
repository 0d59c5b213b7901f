import { randomUUID } from "node:crypto";
import { createAdmin } from "@medconnect/auth/src/admin/create-admin.ts";
import { EVENT_ROUTES } from "@medconnect/auth/src/event-routes.ts";
import type { MedConnect } from "@medconnect/client";
import { commandTransactions } from "@medconnect/ops/command/command-transactions.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { systemClock } from "@medconnect/platform/time/clock.ts";
import type { Api, Json } from "./api.ts";
import { authDataKeyOf, type Running } from "./stack.ts";

export const PASSWORD = "four unrelated words, one comma";

/** A user's account, with tokens of a signed-in session. */
export interface Account {
  id: string;
  email: string;
  fullName: string;
  token: string;
  refreshToken: string;
  /** Calls the gateway with this account's token, also by `client`. */
  api: Api;
  client: MedConnect;
}

export type Role = "PATIENT" | "DOCTOR";

/**
 * Maximum attempts to create an account. On a busy machine, a connection between services may break, and the
 * gateway then responds with 503.
 */
const TRIES = 3;
/** On a busy machine, a connection to the database takes seconds. */
const DATABASE_TIMEOUT_MS = 30_000;

/** Registers a new account, and signs it in. */
export async function signUp(api: Api, role: Role, given: { password?: string } = {}): Promise<Account> {
  const { password = PASSWORD } = given;
  for (let tries = 1; ; tries++) {
    // Each attempt uses a new e-mail address. If a response was lost, the account with the old one may exist.
    const tag = randomUUID().slice(0, 8);
    const fullName = `${role === "DOCTOR" ? "Dora" : "Paul"} ${tag}`;
    const email = `${role.toLowerCase()}-${tag}@example.org`;
    const body = { email, password, fullName, role };
    const { status, text } = await api.send("POST /v1/auth/register", { body });
    if (status < 300) return await logIn(api, { email, password });
    if (status !== 503 || tries === TRIES) throw new Error(`Registration got ${status}: ${text}`);
  }
}

/** Signs in to an account without a second factor. */
export async function logIn(api: Api, { email, password = PASSWORD }: Credentials): Promise<Account> {
  const answer = await api.client.login({ email, password });
  if (!("tokens" in answer)) throw new Error(`${email} has a second factor`);
  return await accountOf(api, answer.tokens);
}

/** Sends the password of an account with a second factor. @returns the MFA token of the challenge */
export async function mfaTokenOf(api: Api, { email, password = PASSWORD }: Credentials): Promise<string> {
  const answer = await api.client.login({ email, password });
  if (!("mfaChallenge" in answer)) throw new Error(`${email} has no second factor`);
  return answer.mfaChallenge.mfaToken;
}

export interface Credentials {
  email: string;
  password?: string;
}

/** Reads the account to which an access token belongs. */
export async function accountOf(api: Api, { accessToken, refreshToken }: Json): Promise<Account> {
  const token = String(accessToken);
  const own = api.as(token);
  const { id, email, fullName } = await own.client.getMe();
  return { id, email, fullName, token, refreshToken: String(refreshToken), api: own, client: own.client };
}

/**
 * Creates an admin as `npm run admin:create` does, and signs the admin in. No API call can create an admin.
 *
 * @param email default: a new address
 */
export async function signUpAdmin(
  api: Api,
  running: Running,
  schemaPrefix = "medconnect_",
  email = `admin-${randomUUID().slice(0, 8)}@example.org`,
): Promise<Account> {
  const url = new URL(running.urls.mysql);
  url.pathname = `${schemaPrefix}auth`;
  const db = new Database({ url: url.href, poolSize: 1, timeoutMs: DATABASE_TIMEOUT_MS });
  try {
    const hash = await openKeyedHash(db, new FieldCipher(Buffer.from(authDataKeyOf(running), "base64")));
    const transactions = commandTransactions(db, { hash, routes: EVENT_ROUTES });
    const options = { email, fullName: `Ada ${randomUUID().slice(0, 8)}`, password: PASSWORD };
    await createAdmin({ db, clock: systemClock, hash, transactions }, options);
  } finally {
    await db.close();
  }
  return await logIn(api, { email });
}
