import { Field } from "./field.tsx";

/** The field of a code from an authenticator app. */
export const CodeField = ({ hint }: { hint: string }) => (
  <Field
    label="Code"
    name="code"
    inputMode="numeric"
    autocomplete="one-time-code"
    pattern="[0-9]{6}"
    maxLength={6}
    title="Six digits"
    hint={hint}
    focused
  />
);
