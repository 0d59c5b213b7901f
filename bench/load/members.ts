import type { Client } from "./client.ts";

/** Somebody with an account, signed in. */
export interface Member {
  id: string;
  token: string;
}

const PASSWORD = "correct-bench-passphrase";
/** Admin that verifies the doctors' licences; created before the load starts. */
export const ADMIN = { email: "admin@bench.medconnect.test", fullName: "Ada Admin", password: PASSWORD };

/** Accounts created at once: auth hashes few passwords at once, and refuses the rest. */
const AT_ONCE = 2;

/** Creates accounts and signs them in. @param first number of the first account; each has a different one */
export async function joinAll(
  client: Client,
  role: "PATIENT" | "DOCTOR",
  first: number,
  count: number,
): Promise<Member[]> {
  const members: Member[] = [];
  let next = 0;
  const joinNext = async () => {
    while (next < count) {
      const i = next++;
      members[i] = await join(client, role, `${role.toLowerCase()}-${first + i}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, joinNext));
  return members;
}

/** Signs the admin in. @returns the access token */
export async function signInAdmin(client: Client): Promise<string> {
  return await signIn(client, ADMIN);
}

async function join(client: Client, role: string, name: string): Promise<Member> {
  const credentials = { email: `${name}@bench.medconnect.test`, password: PASSWORD };
  const { id } = await client.call<{ id: string }>({
    method: "POST",
    path: "/v1/auth/register",
    body: { ...credentials, fullName: name, role },
  });
  return { id, token: await signIn(client, credentials) };
}

async function signIn(
  client: Client,
  { email, password }: { email: string; password: string },
): Promise<string> {
  const { accessToken } = await client.call<{ accessToken: string }>({
    method: "POST",
    path: "/v1/auth/login",
    body: { email, password },
  });
  return accessToken;
}
