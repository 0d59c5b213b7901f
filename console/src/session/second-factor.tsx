import { type Client, verifyMfa } from "@medconnect/client";
import { useState } from "preact/hooks";
import { CodeField } from "../parts/code-field.tsx";
import { Field } from "../parts/field.tsx";
import { Form, textOf } from "../parts/form.tsx";
import type { NewTokens } from "./connection.ts";

export interface SecondFactorProps {
  client: Client;
  /** Token of the challenge that the login answered. */
  mfaToken: string;
  onTokens(tokens: NewTokens): Promise<void>;
  onRestart(): void;
}

/** Asks for a code of the authenticator app, or for a recovery code. */
export function SecondFactor({ client, mfaToken, onTokens, onRestart }: SecondFactorProps) {
  const [isRecovery, setRecovery] = useState(false);
  const send = async (data: FormData) => {
    const factor = isRecovery ? { recoveryCode: textOf(data, "code") } : { code: textOf(data, "code") };
    await onTokens(await client.call(verifyMfa, { mfaToken, ...factor }));
  };
  return (
    <Form key={isRecovery} submit="Continue" onSubmit={send}>
      {isRecovery ? (
        <Field
          label="Recovery code"
          name="code"
          autocomplete="off"
          hint="One of the codes that you kept when you set up the app. Each works once."
          focused
        />
      ) : (
        <CodeField hint="Six digits from your authenticator app." />
      )}
      <p class="alternatives">
        <button type="button" class="link" onClick={() => setRecovery(!isRecovery)}>
          {isRecovery ? "Use the authenticator app" : "Use a recovery code"}
        </button>
        <button type="button" class="link" onClick={onRestart}>
          Start again
        </button>
      </p>
    </Form>
  );
}
