import { generateSync } from "otplib";
import { DEMO_PASSWORD } from "../stack/seed.ts";
import type { Answer } from "./answer.ts";
import type { Walker } from "./walker.ts";

/** A registered account. */
export interface Account {
  id: string;
  email: string;
}
export interface SignedIn extends Account {
  token: string;
}

const TOTP_PERIOD_S = 30;
const nowS = () => Math.floor(Date.now() / 1000);

/** Registers a patient and a doctor with new e-mail addresses. */
export async function signUp(walker: Walker): Promise<{ patient: Account; doctor: Account }> {
  const tag = Date.now().toString(36);
  const register = async (title: string, role: "PATIENT" | "DOCTOR", fullName: string) => {
    const email = `${role.toLowerCase()}-${tag}@demo.medconnect.test`;
    const body = { email, password: DEMO_PASSWORD, fullName, role };
    const user = await walker.step({
      title,
      call: "POST /v1/auth/register",
      body,
      expect: 201,
      has: { role },
    });
    return { id: user.text("id"), email };
  };
  return {
    patient: await register("A patient registers", "PATIENT", "Paula Patient"),
    doctor: await register("A doctor registers", "DOCTOR", "Diego Doctor"),
  };
}

/** Signs in to an account without a second factor. */
export async function logIn(walker: Walker, title: string, account: Account): Promise<SignedIn> {
  const answer = await sendPassword(walker, title, account);
  return { ...account, token: answer.text("accessToken") };
}

/** Sets up an authenticator app (RFC 6238) for an account, and signs in with it. */
export async function secureLogin(walker: Walker, account: Account): Promise<SignedIn> {
  const { token } = await logIn(walker, "The doctor logs in with e-mail and password", account);
  const setup = await walker.step({
    title: "The doctor sets up an authenticator app, which scans the QR code",
    call: "POST /v1/auth/mfa/totp",
    token,
    expect: 200,
  });
  const codeAt = (epoch: number) => generateSync({ secret: setup.text("secret"), epoch });
  let usedAtS = 0;
  await walker.step({
    title: "The app's first code activates it",
    call: "POST /v1/auth/mfa/totp:activate",
    token,
    body: () => {
      usedAtS = nowS();
      return { code: codeAt(usedAtS) };
    },
    expect: 200,
  });

  const challenge = await sendPassword(walker, "From now on the password alone opens nothing", account);
  const answer = await walker.step({
    title: "The second factor signs in; a code is valid once, so this is the next one",
    call: "POST /v1/auth/login:verifyMfa",
    // Uses the code of the next 30-second time step, so that the demo need not wait for it. Auth accepts this
    // code, because it allows for clock differences.
    body: () => ({
      mfaToken: challenge.text("mfaToken"),
      code: codeAt(Math.max(nowS(), usedAtS + TOTP_PERIOD_S)),
    }),
    expect: 200,
  });
  return { ...account, token: answer.text("accessToken") };
}

async function sendPassword(walker: Walker, title: string, { email }: Account): Promise<Answer> {
  return await walker.step({
    title,
    call: "POST /v1/auth/login",
    body: { email, password: DEMO_PASSWORD },
    expect: 200,
  });
}
