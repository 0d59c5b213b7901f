import { Dialog } from "../parts/dialog.tsx";
import type { Connection } from "./connection.ts";
import { SignIn } from "./sign-in.tsx";

export interface FreshSignInProps {
  /** Address of the admin who is signed in. */
  email: string;
  /** @param connection undefined if the admin cancels */
  onEnd(connection: Connection | undefined): void;
}

/** Asks the admin to sign in again, which the most powerful calls need. */
export const FreshSignIn = ({ email, onEnd }: FreshSignInProps) => (
  <Dialog title="Sign in again" onClose={() => onEnd(undefined)}>
    <p>This action needs a sign-in within the last few minutes.</p>
    <SignIn email={email} onSignedIn={({ connection }) => onEnd(connection)} />
  </Dialog>
);
