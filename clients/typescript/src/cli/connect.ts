import { readFileSync } from "node:fs";
import type { PrivateJwk } from "../client-assertion.ts";
import type { Credentials } from "../credentials.ts";
import { fileTokens } from "../file-tokens.ts";
import { MedConnect } from "../gen/medconnect.ts";
import { version } from "../gen/version.ts";
import { serviceAccount } from "../service-account.ts";
import { userSession } from "../session.ts";
import type { Options } from "./command.ts";
import { isServerNamed, tokensFile } from "./config.ts";
import { UsageError } from "./usage-error.ts";

/** Makes the client of a server, with the credentials of the environment or of the last login. */
export function connect(server: string, options: Options): MedConnect {
  const account = serviceAccountOf(process.env);
  if (account && !isServerNamed(options.server)) {
    throw new UsageError(
      "MEDCONNECT_CLIENT_ID needs --server or MEDCONNECT_SERVER beside it: its credentials do not go to the server of a login.",
    );
  }
  return new MedConnect({
    baseUrl: server,
    credentials: account ?? userSession(fileTokens(tokensFile(server))),
    headers: { "user-agent": `medconnect-cli/${version}` },
  });
}

/** Service account of the environment, if it names one. */
function serviceAccountOf(env: NodeJS.ProcessEnv): Credentials | undefined {
  const {
    MEDCONNECT_CLIENT_ID: clientId,
    MEDCONNECT_CLIENT_SECRET: clientSecret,
    MEDCONNECT_CLIENT_KEY_FILE: keyFile,
    MEDCONNECT_TOKEN_URL: audience,
  } = env;
  if (!clientId) return undefined;
  if (clientSecret) return serviceAccount({ clientId, clientSecret });
  if (keyFile) return withKey(clientId, keyFile, audience || undefined);
  throw new UsageError(
    "MEDCONNECT_CLIENT_ID needs MEDCONNECT_CLIENT_SECRET or MEDCONNECT_CLIENT_KEY_FILE beside it.",
  );
}

function withKey(clientId: string, file: string, audience: string | undefined): Credentials {
  try {
    const privateKey = JSON.parse(readFileSync(file, "utf8")) as PrivateJwk;
    return serviceAccount({ clientId, privateKey, audience });
  } catch (error) {
    // The message of a JSON error could quote a part of the key.
    const reason = error instanceof SyntaxError ? "it is no JSON" : (error as Error).message;
    throw new UsageError(`MEDCONNECT_CLIENT_KEY_FILE must name a file with a private JWK: ${reason}`);
  }
}
