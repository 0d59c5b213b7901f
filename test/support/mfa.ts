import type { Account } from "./accounts.ts";
import { Authenticator } from "./authenticator.ts";

/** Sets up an authenticator app for an account, and activates it with a first code. */
export async function secure({ client }: Account): Promise<Authenticator> {
  const { secret } = await client.setUpTotp();
  const authenticator = new Authenticator(secret);
  await client.activateTotp({ code: authenticator.next() });
  return authenticator;
}
