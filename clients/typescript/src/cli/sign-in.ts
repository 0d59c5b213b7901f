import { hasReason } from "../errors.ts";
import type { MfaChallenge, Tokens, TokensNextStep } from "../gen/types.ts";
import type { Command, Context } from "./command.ts";
import { rememberServer } from "./config.ts";
import { write } from "./output.ts";
import { note } from "./terminal.ts";

const AUTHENTICATOR_CODE = /^[0-9]{6}$/;
const NEXT_STEPS: Record<TokensNextStep, string> = {
  ENROL_SECOND_FACTOR:
    "Other calls require a second factor: add the secret that `medconnect set-up-totp` shows to an authenticator app, then run `medconnect activate-totp`.",
};

export const login: Command = {
  name: "login",
  group: "Sign in",
  summary: "Signs in",
  description:
    "Asks for the password, and for a code if the account has a second factor. Without a terminal, reads them as lines of standard input. Keeps the session in a file that only you can read, and uses its server for the commands that follow.",
  fields: [
    { name: "email", flag: "email", help: "E-mail address of the account.", kind: "text", isArgument: true },
    {
      name: "rememberMe",
      flag: "remember-me",
      help: "This device is private: the session lasts for weeks instead of hours.",
      kind: "flag",
    },
  ],
  async run(context) {
    const { values, client, prompter, server, signal } = context;
    const email = String(values.email ?? (await prompter.ask("E-mail: ")));
    const password = await prompter.askSecret("Password: ");
    const request = { email, password, rememberMe: values.rememberMe === true };
    const answer = await client.login(request, { signal });
    const { nextStep } = "tokens" in answer ? answer.tokens : await verifyMfa(answer.mfaChallenge, context);
    await rememberServer(server);
    const { fullName, role } = await client.getMe({}, { signal });
    note([`Signed in to ${server} as ${fullName} (${role}).`]);
    if (nextStep !== undefined) note([NEXT_STEPS[nextStep]]);
  },
};

async function verifyMfa({ mfaToken }: MfaChallenge, { client, prompter, signal }: Context): Promise<Tokens> {
  const factor = (await prompter.ask("Code of the authenticator app, or a recovery code: ")).trim();
  const code = AUTHENTICATOR_CODE.test(factor) ? { code: factor } : { recoveryCode: factor };
  return await client.verifyMfa({ mfaToken, ...code }, { signal });
}

export const logout: Command = {
  name: "logout",
  group: "Sign in",
  summary: "Signs out",
  description: "Ends the session at the server, and deletes its file.",
  fields: [],
  async run({ client, server, signal }) {
    try {
      await client.logout({}, { signal });
    } catch (error) {
      if (!hasReason(error, "UNAUTHENTICATED", "INVALID_REFRESH_TOKEN")) throw error;
    }
    note([`Signed out of ${server}.`]);
  },
};

export const whoami: Command = {
  name: "whoami",
  group: "Sign in",
  summary: "Shows the account that is signed in",
  description: "",
  fields: [],
  async run({ client, options, signal }: Context) {
    write(await client.getMe({}, { signal }), options.output);
  },
};
