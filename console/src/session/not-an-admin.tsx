import { Card } from "../parts/card.tsx";
import type { SignedIn } from "./sign-in.tsx";
import { signOut } from "./sign-out.ts";

export interface NotAnAdminProps {
  session: SignedIn;
  onEnd(): void;
}

/** For patients and doctors, who may have come to set up their second factor. */
export const NotAnAdmin = ({ session, onEnd }: NotAnAdminProps) => (
  <Card title="You are signed in">
    <p>
      <b>{session.user.email}</b> is the account of a {session.user.role.toLowerCase()}. This console is for
      admins; use the app of your practice.
    </p>
    <p class="actions">
      <button
        type="button"
        onClick={() => {
          signOut(session.connection);
          onEnd();
        }}
      >
        Sign out
      </button>
    </p>
  </Card>
);
