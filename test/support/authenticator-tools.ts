import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, "authenticator-tools.sh");
const FOLDER = join(import.meta.dirname, "../../.local/authenticator-tools");

/** How long it takes to download them; for `beforeAll`. */
export const TOOLS_TIMEOUT_MS = 300_000;

/** Programs of others that do what an authenticator app does. */
export interface AuthenticatorTools {
  /** The code of a secret (base32) at a time (RFC 6238). */
  codeAt(secret: string, time: Date): Promise<string>;
  /** What a QR code in a PNG file says. */
  readQrCode(file: string): Promise<string>;
}

/**
 * Debian's oathtool and zbarimg: from PATH, else unpacked privately from the distribution's packages, as the databases are.
 * Where neither is possible it says so, and there are none; where CI is set, that is a failure.
 */
export async function findAuthenticatorTools(): Promise<AuthenticatorTools | undefined> {
  const folder = resolve(process.env.MEDCONNECT_TOOLS_DIR || FOLDER);
  let [oathtool, zbarimg] = [inPath("oathtool"), inPath("zbarimg")];
  if (!oathtool || !zbarimg) {
    try {
      await run("bash", [SCRIPT, folder]);
    } catch (error) {
      if (process.env.CI) throw error;
      const reason = String((error as { stderr?: string }).stderr).trim();
      process.stdout.write(`SKIPPED: oathtool and zbarimg are not in PATH and cannot be had: ${reason}\n`);
      return undefined;
    }
    [oathtool, zbarimg] = [join(folder, "bin/oathtool"), join(folder, "bin/zbarimg")];
  }
  return {
    // The secret is the test's own; no other program should be given one so.
    codeAt: async (secret, time) =>
      (await run(oathtool, ["--totp", "--base32", `--now=${time.toISOString()}`, secret])).stdout.trim(),
    readQrCode: async (file) => (await run(zbarimg, ["--quiet", "--raw", file])).stdout.trim(),
  };
}

const inPath = (name: string): string | undefined =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
