import { type Account, logIn, signUpAdmin } from "./accounts.ts";
import { Api } from "./api.ts";
import { eventually } from "./eventually.ts";
import { type Running, sharedStack } from "./stack.ts";

/**
 * A system whose doctors' licences are verified. `schemaPrefix` is needed to create an admin in its database.
 */
interface LicensingSystem {
  running: Running;
  schemaPrefix?: string;
}

/** Systems that test files have started for themselves. The key is the URL of the gateway. */
const systems = new Map<string, LicensingSystem>();
const admins = new Map<string, { admin: Promise<Account>; sinceMs: number }>();
/**
 * The admin who verifies licences in the shared system. All test files share this account, because creating one
 * takes 0.7 s of CPU time.
 */
const SHARED_ADMIN = "licensing-admin@example.org";
/** Maximum age of an admin's token that is used again. It is below the token's lifetime of five minutes. */
const TOKEN_AGE_MS = 240_000;

/** Registers the system of a test file, so that `verifyLicense` works at its gateway. */
export function licenseAt(running: Running, schemaPrefix: string): void {
  systems.set(running.urls.gateway, { running, schemaPrefix });
}

/**
 * Verifies a doctor's licence as an admin of the system behind this gateway. `doctorName` must be the name of
 * the doctor's account.
 */
export async function verifyLicense(
  gatewayUrl: string,
  licenseId: string,
  doctorName: string,
): Promise<void> {
  const { api } = await adminOf(systems.get(gatewayUrl) ?? { running: sharedStack() });
  const verify = () => api.send(`POST /v1/admin/licenses/${licenseId}:verify`, { body: { doctorName } });
  // Scheduling learns the account's name from an event of auth. Until then, the call gets NAME_DIFFERS and is
  // repeated.
  const { status, body } = await eventually(verify, (answer) => answer.body.reason !== "NAME_DIFFERS");
  if (status !== 200) throw new Error(`:verify got ${status} ${body.reason}`);
}

async function adminOf({ running, schemaPrefix }: LicensingSystem): Promise<Account> {
  const url = running.urls.gateway;
  const known = admins.get(url);
  if (known && Date.now() - known.sinceMs < TOKEN_AGE_MS) return await known.admin;
  const api = new Api(url);
  const admin = running.processes ? signUpAdmin(api, running, schemaPrefix) : sharedAdmin(api, running);
  admins.set(url, { admin, sinceMs: Date.now() });
  return await admin;
}

/** Signs in. The first test file of a run creates the account; a file that does the same meanwhile may repeat it. */
const sharedAdmin = (api: Api, running: Running): Promise<Account> =>
  logIn(api, { email: SHARED_ADMIN }).catch((error) => {
    if (error.reason !== "INVALID_CREDENTIALS") throw error;
    return signUpAdmin(api, running, undefined, SHARED_ADMIN);
  });
