import { resetPassword } from "@medconnect/client";
import { useState } from "preact/hooks";
import { Card } from "../parts/card.tsx";
import { Field } from "../parts/field.tsx";
import { Form, textOf } from "../parts/form.tsx";
import { PageLink } from "../parts/page-link.tsx";
import { Connection } from "../session/connection.ts";
import { MissingToken } from "./missing-token.tsx";

/** Fewest characters of a password. */
const MIN_LENGTH = 12;

/** Sets a new password, by the mailed link. */
export function ResetPassword({ token }: { token: string | undefined }) {
  const [isDone, setDone] = useState(false);
  if (token === undefined) return <MissingToken title="Choose a new password" />;
  if (isDone)
    return (
      <Card title="Your password is set">
        <p>All devices were signed out. Sign in with the new password.</p>
        <PageLink to="/">Sign in</PageLink>
      </Card>
    );
  const send = async (data: FormData) => {
    await new Connection().client.call(resetPassword, { token, password: textOf(data, "password") });
    setDone(true);
  };
  return (
    <Card title="Choose a new password">
      <Form submit="Set the password" onSubmit={send}>
        <Field
          label="New password"
          name="password"
          type="password"
          autocomplete="new-password"
          minLength={MIN_LENGTH}
          maxLength={256}
          hint={`At least ${MIN_LENGTH} characters. Four unrelated words are easy to remember and hard to guess.`}
          focused
        />
      </Form>
    </Card>
  );
}
