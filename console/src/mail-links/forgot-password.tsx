import { forgotPassword } from "@medconnect/client";
import { useState } from "preact/hooks";
import { Card } from "../parts/card.tsx";
import { Field } from "../parts/field.tsx";
import { Form, textOf } from "../parts/form.tsx";
import { PageLink } from "../parts/page-link.tsx";
import { Connection } from "../session/connection.ts";

/** Asks for the mail with a link that sets a new password. */
export function ForgotPassword() {
  const [email, setEmail] = useState<string>();
  if (email !== undefined)
    return (
      <Card title="Look into your mails">
        <p>
          If <b>{email}</b> has an account, a mail with a link is on its way. It may take some minutes.
        </p>
        <PageLink to="/">Back to the sign-in</PageLink>
      </Card>
    );
  const send = async (data: FormData) => {
    const address = textOf(data, "email");
    await new Connection().client.call(forgotPassword, { email: address });
    setEmail(address);
  };
  return (
    <Card title="Forgot your password?">
      <Form submit="Mail me a link" onSubmit={send} actions={<PageLink to="/">Back to the sign-in</PageLink>}>
        <Field label="E-mail" name="email" type="email" autocomplete="username" focused />
      </Form>
    </Card>
  );
}
