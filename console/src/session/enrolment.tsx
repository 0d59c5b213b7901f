import { activateTotp, setUpTotp, type TotpSetup } from "@medconnect/client";
import { useState } from "preact/hooks";
import { CodeField } from "../parts/code-field.tsx";
import { Form, textOf } from "../parts/form.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { useLoad } from "../parts/use-load.ts";
import type { Connection } from "./connection.ts";

export interface EnrolmentProps {
  connection: Connection;
  onDone(): Promise<void>;
}

/** Sets up an authenticator app, and shows the recovery codes. */
export function Enrolment({ connection, onDone }: EnrolmentProps) {
  const setup = useLoad((signal) => connection.client.call(setUpTotp, {}, { signal }), []);
  const [codes, setCodes] = useState<string[]>();

  const activate = async (data: FormData) => {
    const { recoveryCodes } = await connection.client.call(activateTotp, { code: textOf(data, "code") });
    setCodes(recoveryCodes);
  };
  const finish = async () => {
    await connection.renew();
    await onDone();
  };

  if (codes) return <RecoveryCodes codes={codes} onKept={finish} />;
  return (
    <Loaded load={setup}>
      {(shown) => (
        <Form submit="Activate" onSubmit={activate}>
          <p>Your account needs a second factor. Scan the code with an authenticator app on your phone.</p>
          <Secret setup={shown} />
          <CodeField hint="The six digits that the app shows now." />
        </Form>
      )}
    </Loaded>
  );
}

const Secret = ({ setup: { qrCode, secret, otpauthUri } }: { setup: TotpSetup }) => (
  <figure class="secret">
    <img src={qrCode} alt="QR code of the secret" width="180" height="180" />
    <figcaption>
      Or type in the secret <code>{secret}</code>, or <a href={otpauthUri}>open the app on this device</a>.
    </figcaption>
  </figure>
);

const RecoveryCodes = ({ codes, onKept }: { codes: string[]; onKept(): Promise<void> }) => (
  <Form submit="I have kept the codes" onSubmit={onKept}>
    <p>
      Keep these recovery codes in a safe place. Each lets you sign in once without the app. They are not
      shown again.
    </p>
    <ul class="codes">
      {codes.map((code) => (
        <li key={code}>
          <code>{code}</code>
        </li>
      ))}
    </ul>
  </Form>
);
