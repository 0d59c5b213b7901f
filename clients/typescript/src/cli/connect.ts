import type { Credentials } from "../credentials.ts";
import { fileTokens } from "../file-tokens.ts";
import { MedConnect } from "../gen/medconnect.ts";
import { version } from "../gen/version.ts";
import { serviceAccount } from "../service-account.ts";
import { userSession } from "../session.ts";
import { tokensFile } from "./config.ts";

/** Makes the client of a server, with the credentials of the environment or of the last login. */
export const connect = (server: string): MedConnect =>
  new MedConnect({
    baseUrl: server,
    credentials: credentialsFor(server),
    headers: { "user-agent": `medconnect-cli/${version}` },
  });

function credentialsFor(server: string): Credentials {
  const { MEDCONNECT_CLIENT_ID: clientId, MEDCONNECT_CLIENT_SECRET: clientSecret } = process.env;
  return clientId && clientSecret
    ? serviceAccount({ clientId, clientSecret })
    : userSession(fileTokens(tokensFile(server)));
}
