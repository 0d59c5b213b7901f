import type { LoginResponse, MedConnect } from "@medconnect/client";
import { generateSync } from "otplib";
import { DEMO_PASSWORD } from "../stack/seed.ts";
import type { Walker } from "./walker.ts";

/** A registered account. */
export interface Account {
  id: string;
  email: string;
}
export interface SignedIn extends Account {
  client: MedConnect;
  accessToken: string;
}

const TOTP_PERIOD_S = 30;
const nowS = () => Math.floor(Date.now() / 1000);

/** Registers a patient and a doctor with new e-mail addresses. */
export async function signUp(walker: Walker): Promise<{ patient: Account; doctor: Account }> {
  const tag = Date.now().toString(36);
  const anybody = walker.client();
  const register = async (title: string, role: "PATIENT" | "DOCTOR", fullName: string) => {
    const email = `${role.toLowerCase()}-${tag}@demo.medconnect.test`;
    const { data: user } = await walker.step({
      title,
      call: () => anybody.register({ email, password: DEMO_PASSWORD, fullName, role }),
      has: { role },
    });
    return { id: String(user?.id), email };
  };
  return {
    patient: await register("A patient registers", "PATIENT", "Paula Patient"),
    doctor: await register("A doctor registers", "DOCTOR", "Diego Doctor"),
  };
}

/** Signs in to an account without a second factor. */
export async function logIn(walker: Walker, title: string, account: Account): Promise<SignedIn> {
  const client = walker.client();
  const answer = await sendPassword(walker, title, client, account);
  if (!("tokens" in answer)) throw new Error(`${account.email} has a second factor`);
  return { ...account, client, accessToken: answer.tokens.accessToken };
}

/** Sets up an authenticator app (RFC 6238) for an account, and signs in with it. */
export async function secureLogin(walker: Walker, account: Account): Promise<SignedIn> {
  const { client } = await logIn(walker, "The doctor logs in with e-mail and password", account);
  const { data: setup } = await walker.step({
    title: "The doctor sets up an authenticator app, which scans the QR code",
    call: () => client.setUpTotp(),
  });
  const codeAt = (epoch: number) => generateSync({ secret: setup.secret, epoch });
  let usedAtS = 0;
  await walker.step({
    title: "The app's first code activates it",
    call: () => {
      usedAtS = nowS();
      return client.activateTotp({ code: codeAt(usedAtS) });
    },
  });

  const answer = await sendPassword(walker, "From now on the password alone opens nothing", client, account);
  if (!("mfaChallenge" in answer)) throw new Error(`${account.email} has no second factor`);
  const { mfaToken } = answer.mfaChallenge;
  const { data: tokens } = await walker.step({
    title: "The second factor signs in; a code is valid once, so this is the next one",
    // Uses the code of the next 30-second time step, so that the demo need not wait for it. Auth accepts this
    // code, because it allows for clock differences.
    call: () => client.verifyMfa({ mfaToken, code: codeAt(Math.max(nowS(), usedAtS + TOTP_PERIOD_S)) }),
  });
  return { ...account, client, accessToken: tokens.accessToken };
}

async function sendPassword(
  walker: Walker,
  title: string,
  client: MedConnect,
  { email }: Account,
): Promise<LoginResponse> {
  const call = () => client.login({ email, password: DEMO_PASSWORD });
  return (await walker.step({ title, call })).data;
}
