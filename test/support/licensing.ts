import { type Account, signUpAdmin } from "./accounts.ts";
import { Api } from "./api.ts";
import { eventually } from "./eventually.ts";
import { type Running, sharedStack } from "./stack.ts";

/** A system whose admin verifies licences. */
interface LicensingSystem {
  running: Running;
  schemaPrefix?: string;
}

/** Tests' own systems, by their gateway's URL. */
const systems = new Map<string, LicensingSystem>();
const admins = new Map<string, { admin: Promise<Account>; sinceMs: number }>();
/** Below the five minutes of an access token. */
const TOKEN_AGE_MS = 240_000;

/** Registers a test's own system, whose admin then verifies licences at its gateway. */
export function licenseAt(running: Running, schemaPrefix: string): void {
  systems.set(running.urls.gateway, { running, schemaPrefix });
}

/** Verifies a licence under its account's name, as an admin of the system behind the gateway. */
export async function verifyLicense(
  gatewayUrl: string,
  licenseId: string,
  doctorName: string,
): Promise<void> {
  const { api } = await adminOf(systems.get(gatewayUrl) ?? { running: sharedStack() });
  const verify = () => api.send(`POST /v1/admin/licenses/${licenseId}:verify`, { body: { doctorName } });
  // Until auth's event has brought the name to scheduling, the verification gets NAME_DIFFERS.
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
