import { verifyEmail } from "@medconnect/client";
import { useState } from "preact/hooks";
import { Card } from "../parts/card.tsx";
import { Field } from "../parts/field.tsx";
import { Form, textOf } from "../parts/form.tsx";
import { PageLink } from "../parts/page-link.tsx";
import { Connection } from "../session/connection.ts";
import { MissingToken } from "./missing-token.tsx";

/** Creates the account of a registration, by the mailed link and the password of the registration. */
export function VerifyEmail({ token }: { token: string | undefined }) {
  const [isDone, setDone] = useState(false);
  if (token === undefined) return <MissingToken title="Confirm your e-mail address" />;
  if (isDone)
    return (
      <Card title="Your account exists">
        <p>Your e-mail address is confirmed. Sign in to go on.</p>
        <PageLink to="/">Sign in</PageLink>
      </Card>
    );
  const send = async (data: FormData) => {
    await new Connection().client.call(verifyEmail, { token, password: textOf(data, "password") });
    setDone(true);
  };
  return (
    <Card title="Confirm your e-mail address">
      <Form submit="Create my account" onSubmit={send}>
        <Field
          label="Password"
          name="password"
          type="password"
          autocomplete="current-password"
          hint="The password with which you registered."
          focused
        />
      </Form>
    </Card>
  );
}
