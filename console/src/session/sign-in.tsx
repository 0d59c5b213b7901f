import { getMe, login, type User } from "@medconnect/client";
import { useState } from "preact/hooks";
import { Field } from "../parts/field.tsx";
import { Form, textOf } from "../parts/form.tsx";
import { Connection, type NewTokens } from "./connection.ts";
import { Enrolment } from "./enrolment.tsx";
import { SecondFactor } from "./second-factor.tsx";

export interface SignedIn {
  connection: Connection;
  user: User;
}

export interface SignInProps {
  /** Address of the only account that may sign in; default: any. */
  email?: string;
  onSignedIn(result: SignedIn): void;
}

type Step = { name: "password" } | { name: "code"; mfaToken: string } | { name: "enrolment" };

/** Signs in with password and second factor. Sets the second factor up if the account's role needs one. */
export function SignIn({ email, onSignedIn }: SignInProps) {
  const [connection] = useState(() => new Connection());
  const [step, setStep] = useState<Step>({ name: "password" });

  const finish = async () => onSignedIn({ connection, user: await connection.client.call(getMe, {}) });
  const enter = async ({ nextStep }: NewTokens) =>
    nextStep === "ENROL_SECOND_FACTOR" ? setStep({ name: "enrolment" }) : await finish();
  const sendPassword = async (data: FormData) => {
    const credentials = { email: email ?? textOf(data, "email"), password: textOf(data, "password") };
    const answer = await connection.client.call(login, credentials);
    if ("tokens" in answer) await enter(answer.tokens);
    else setStep({ name: "code", mfaToken: answer.mfaChallenge.mfaToken });
  };

  switch (step.name) {
    case "password":
      return (
        <Form submit="Sign in" onSubmit={sendPassword}>
          {email === undefined ? (
            <Field label="E-mail" name="email" type="email" autocomplete="username" focused />
          ) : (
            <Field label="E-mail" name="email" type="email" autocomplete="username" value={email} readOnly />
          )}
          <Field
            label="Password"
            name="password"
            type="password"
            autocomplete="current-password"
            focused={email !== undefined}
          />
        </Form>
      );
    case "code":
      return (
        <SecondFactor
          client={connection.client}
          mfaToken={step.mfaToken}
          onTokens={enter}
          onRestart={() => setStep({ name: "password" })}
        />
      );
    case "enrolment":
      return <Enrolment connection={connection} onDone={finish} />;
  }
}
