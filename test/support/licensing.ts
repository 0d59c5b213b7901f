import { type Account, signUpAdmin } from "./accounts.ts";
import { Api } from "./api.ts";
import { eventually } from "./eventually.ts";
import { type Running, sharedStack } from "./stack.ts";

/** A system whose licences are verified. Creating an admin needs the prefix of its schemas. */
interface LicensingSystem {
  running: Running;
  schemaPrefix?: string;
}

/** Systems that test files have started for themselves, by their gateway's URL. */
const systems = new Map<string, LicensingSystem>();
const admins = new Map<string, { admin: Promise<Account>; sinceMs: number }>();
/** Maximum age at which an admin's token is reused: below the five minutes for which it is valid. */
const TOKEN_AGE_MS = 240_000;

/** Registers the system of a test file, so that `verifyLicense` works at its gateway. */
export function licenseAt(running: Running, schemaPrefix: string): void {
  systems.set(running.urls.gateway, { running, schemaPrefix });
}

/**
 * Verifies a doctor's licence as an admin of the system behind this gateway. The licence gets the name of the
 * doctor's account.
 */
export async function verifyLicense(
  gatewayUrl: string,
  licenseId: string,
  doctorName: string,
): Promise<void> {
  const { api } = await adminOf(systems.get(gatewayUrl) ?? { running: sharedStack() });
  const verify = () => api.send(`POST /v1/admin/licenses/${licenseId}:verify`, { body: { doctorName } });
  // Repeated after NAME_DIFFERS, which is returned until scheduling learns the account's name from an event
  // of auth.
  const { status, body } = await eventually(verify, (answer) => answer.body.reason !== "NAME_DIFFERS");
  if (status !== 200) throw new Error(`:verify got ${status} ${body.reason}`);
}

async function adminOf({ running, schemaPrefix }: LicensingSystem): Promise<Account> {
  const url = running.urls.gateway;
  const known = admins.get(url);
  if (known && Date.now() - known.sinceMs < TOKEN_AGE_MS) return await known.admin;
  const admin = signUpAdmin(new Api(url), running, schemaPrefix);
  admins.set(url, { admin, sinceMs: Date.now() });
  return await admin;
}
