import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, "authenticator-tools.sh");
const FOLDER = join(import.meta.dirname, "../../.local/authenticator-tools");

/** Maximum time for the download of the tools. Use it as the time-out of `beforeAll`. */
export const TOOLS_TIMEOUT_MS = 300_000;

/** Programs of other projects that do what an authenticator app does. */
export interface AuthenticatorTools {
  /** Computes the code for a base32 secret at a point in time (RFC 6238). */
  codeAt(secret: string, time: Date): Promise<string>;
  /** Reads the text of a QR code in a PNG file. */
  readQrCode(file: string): Promise<string>;
}

/**
 * Finds oathtool and zbarimg in PATH, or unpacks them from the distribution's packages. If neither works,
 * prints a note and returns undefined. Throws instead if the environment variable CI is set.
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
      process.stdout.write(
        `SKIPPED: oathtool and zbarimg are not in PATH, and unpacking them failed: ${reason}\n`,
      );
      return undefined;
    }
    [oathtool, zbarimg] = [join(folder, "bin/oathtool"), join(folder, "bin/zbarimg")];
  }
  return {
    // The secret is an argument, so all users of the machine can see it. This is acceptable only for the
    // secret of a test.
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
