import { randomBytes } from "node:crypto";
import type { MethodDefinition } from "@grpc/grpc-js";
import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { ANONYMOUS, type Caller, type Role, type UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { mailOptionsOf } from "@medconnect/platform/mail/mail-settings.ts";
import type { OutgoingMail } from "@medconnect/platform/mail/mail-transport.ts";
import type { OutboundGate } from "@medconnect/platform/restores/outbound-gate.ts";
import {
  bound,
  invoke,
  startTestService,
  type TestClock,
  userCaller,
} from "@medconnect/platform/testing/test-service.ts";
import {
  AuthServiceService,
  type LoginResponse,
  type Tokens,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import { decodeJwt } from "jose";
import { createAdmin } from "../admin/create-admin.ts";
import { type Auth, buildAuth } from "../app.ts";
import { EVENT_ROUTES } from "../event-routes.ts";
import { login } from "../login/login.ts";
import { deliverMails } from "../mail/deliver-mails.ts";
import { type HashCost, PasswordHasher } from "../passwords/password-hasher.ts";
import { register } from "../registration/register.ts";
import { listRevocations } from "../revocations/revocation-store.ts";
import { authSettings } from "../settings.ts";

export const PASSWORD = "a rather long passphrase";
/** Least that argon2 accepts, because hashes took a third of the CPU time of auth's tests. */
const LEAST_COST: HashCost = { memoryCost: 8, timeCost: 1 };

/** The auth service's RPC handlers on a real MySQL, with a clock that the test advances. */
export interface TestAuth {
  app: Auth;
  clock: TestClock;
  /** Calls an RPC. @param by the caller; default: anonymous @param from IP address of the caller */
  call: <Q, A>(
    method: MethodDefinition<Q, A>,
    handler: Handler<Q, A>,
    request: Q,
    by?: Caller,
    from?: string,
  ) => Promise<A>;
  /** Makes an account with PASSWORD. */
  makeUser: (role?: "PATIENT" | "DOCTOR") => Promise<User>;
  logIn: (user: Pick<User, "email">) => Promise<SignedIn>;
  /** Makes an admin with PASSWORD, and logs in. */
  signInAdmin: () => Promise<UserCaller>;
  /** True if access tokens of a session are revoked. */
  isRevoked: (session: SignedIn) => Promise<boolean>;
  /** Audit entries about a user, as texts such as "user.get SUCCESS", oldest first. */
  auditOf: (userId: string) => Promise<string[]>;
  /** Sends queued mails. @returns all mails sent to an address since the start of the test, oldest first */
  mailsTo: (email: string) => Promise<OutgoingMail[]>;
  /** Types of the events about a user, such as "user.created", oldest first. */
  eventsOf: (userId: string) => Promise<string[]>;
  /**
   * Starts another process of auth on the same schema, without running jobs.
   *
   * @param env overrides the settings of the test
   */
  startAnother: (env?: NodeJS.ProcessEnv, outbound?: OutboundGate) => Promise<Auth>;
  close: () => Promise<void>;
}

type Handler<Q, A> = (request: Q, call: Call) => Promise<A>;

export interface SignedIn {
  accessToken: string;
  refreshToken: string;
  /** The caller whom the access token identifies. */
  caller: UserCaller;
}

export async function startTestAuth(): Promise<TestAuth> {
  const service = await startTestService("auth", EVENT_ROUTES);
  const key = randomBytes(32).toString("base64");
  const env = {
    DATABASE_URL: "mysql://unused",
    DATA_KEY: key,
    AUDIT_KEY: key,
    INTERNAL_KEY: key,
    MAIL_URL: "smtp://unused",
  };
  const configWith = (over?: NodeJS.ProcessEnv) =>
    loadConfig({ ...serviceSettings, ...addressSettings, ...authSettings }, { ...env, ...over });
  const config = configWith();
  const built = await buildAuth(service, config, mailOptionsOf(config));
  // The mail job is stopped, because `mailsTo` sends the mails.
  await built.mailJob.stop();
  const sent: OutgoingMail[] = [];
  const hasher = new PasswordHasher({
    atOnce: config.HASH_CONCURRENCY,
    waiting: config.HASH_QUEUE,
    cost: LEAST_COST,
  });
  const app: Auth = { ...built, hasher, mailTransport: { send: async (mail) => void sent.push(mail) } };
  const logIn: TestAuth["logIn"] = async ({ email }) => {
    const request = { email, password: PASSWORD, rememberMe: false };
    const answer = await call(AuthServiceService.login, bound(login, app), request);
    return signedIn(tokensOf(answer));
  };
  const call: TestAuth["call"] = async (method, handler, request, by = ANONYMOUS, from?) =>
    (await invoke(method, handler, by, request, from)).response;

  return {
    app,
    clock: service.clock,
    call,
    makeUser: (role = "PATIENT") =>
      call(AuthServiceService.register, bound(register, app), {
        email: `${newId()}@example.com`,
        password: PASSWORD,
        fullName: "Jo Doe",
        role,
      }),
    logIn,
    signInAdmin: async () => {
      const email = `${newId()}@example.com`;
      await createAdmin(app, { email, fullName: "Ada Min", password: PASSWORD });
      return (await logIn({ email })).caller;
    },
    isRevoked: async ({ caller }) =>
      (await listRevocations(app.db, app.clock.now())).some(
        ({ sessionId }) => sessionId === caller.sessionId,
      ),
    auditOf: async (userId) => {
      const rows = await service.db.read<{ line: string }>(
        `SELECT CONCAT(action, ' ', outcome) AS line FROM audit_events WHERE ? MEMBER OF (subject_ids)
         ORDER BY occur_time, id`,
        [userId],
      );
      return rows.map((row) => row.line);
    },
    mailsTo: async (email) => {
      await deliverMails(app)();
      return sent.filter((mail) => mail.to === email);
    },
    eventsOf: async (userId) => {
      const rows = await service.db.read<{ type: string }>(
        "SELECT type FROM outbox WHERE aggregateid = ? AND destination = 'clinical' ORDER BY create_time, id",
        [userId],
      );
      return rows.map((row) => row.type);
    },
    startAnother: async (over, outbound = service.outbound) => {
      const another = configWith(over);
      return { ...(await buildAuth({ ...service, outbound }, another, mailOptionsOf(another))), hasher };
    },
    close: async () => {
      await app.revocationsJob.stop();
      await service.close();
    },
  };
}

/** Tokens of a login. Throws if it needs a second factor. */
export function tokensOf({ result }: LoginResponse): Tokens {
  if (result?.$case !== "tokens") throw new Error("The login needs a second factor");
  return result.value;
}

/** MFA token of a login. Throws if it needs no second factor. */
export function mfaTokenOf({ result }: LoginResponse): string {
  if (result?.$case !== "mfaChallenge") throw new Error("The login needs no second factor");
  return result.value.mfaToken;
}

/** Tokens of a client, with the caller whom the access token identifies. */
export function signedIn({ accessToken, refreshToken }: Tokens): SignedIn {
  const claims = decodeJwt<{
    sub: string;
    sid: string;
    role: Role;
    auth_time: number;
    mfa_pending?: boolean;
  }>(accessToken);
  const caller = {
    ...userCaller(claims.role, claims.sub),
    sessionId: claims.sid,
    authTime: new Date(claims.auth_time * 1000),
    mfaPending: claims.mfa_pending ?? false,
  };
  return { accessToken, refreshToken, caller };
}

/** Counts calls by outcome: "ok", or the reason of the error. */
export async function callStats(calls: Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const result of await Promise.allSettled(calls)) {
    const outcome = result.status === "fulfilled" ? "ok" : (result.reason as { reason: string }).reason;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}
