import { setTimeout as delay } from "node:timers/promises";
import { type Client, Refusal } from "./client.ts";

export interface Member {
  id: string;
  name: string;
  token: string;
}

const PASSWORD = "correct-bench-passphrase";
/** Admin who verifies the doctors' licences. Created before the load starts. */
export const ADMIN = { email: "admin@bench.medconnect.test", fullName: "Ada Admin", password: PASSWORD };

/** Maximum accounts that are created at the same time. Auth refuses passwords if its hash queue is full. */
const AT_ONCE = 2;
/** Maximum attempts to create an account. On a busy machine, auth refuses a hash that has waited too long. */
const ATTEMPTS = 5;
const PAUSE_MS = 1000;

/** Creates accounts and signs them in. @param group unique name; the e-mail addresses contain it */
export async function joinAll(
  client: Client,
  role: "PATIENT" | "DOCTOR",
  group: string,
  count: number,
): Promise<Member[]> {
  const members: Member[] = [];
  let next = 0;
  const joinNext = async () => {
    while (next < count) {
      const i = next++;
      members[i] = await join(client, role, `${role.toLowerCase()}-${group}-${i}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, joinNext));
  return members;
}

/** Signs the admin in. @returns the access token */
export async function signInAdmin(client: Client): Promise<string> {
  return await signIn(client, ADMIN);
}

/**
 * Creates an account and signs in. If auth is too busy (503), retries with another address, because the
 * account with the first address may already exist.
 */
async function join(client: Client, role: string, name: string): Promise<Member> {
  for (let attempt = 1; ; attempt++) {
    const credentials = { email: `${name}-${attempt}@bench.medconnect.test`, password: PASSWORD };
    try {
      const { id } = await client.call<{ id: string }>({
        method: "POST",
        path: "/v1/auth/register",
        body: { ...credentials, fullName: name, role },
      });
      return { id, name, token: await signIn(client, credentials) };
    } catch (error) {
      const isBusy = error instanceof Refusal && error.status === 503;
      if (!isBusy || attempt === ATTEMPTS) throw error;
      await delay(PAUSE_MS);
    }
  }
}

async function signIn(
  client: Client,
  { email, password }: { email: string; password: string },
): Promise<string> {
  const { tokens } = await client.call<{ tokens: { accessToken: string } }>({
    method: "POST",
    path: "/v1/auth/login",
    body: { email, password },
  });
  return tokens.accessToken;
}
