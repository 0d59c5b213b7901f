import { Card } from "../parts/card.tsx";
import { PageLink } from "../parts/page-link.tsx";
import { type SignedIn, SignIn } from "./sign-in.tsx";

export interface SignInPageProps {
  /** Reason for which the last session ended. */
  notice: string | undefined;
  onSignedIn(session: SignedIn): void;
}

export const SignInPage = ({ notice, onSignedIn }: SignInPageProps) => (
  <Card title="Sign in">
    {notice && (
      <p class="notice" role="status">
        {notice}
      </p>
    )}
    <SignIn onSignedIn={onSignedIn} />
    <p class="alternatives">
      <PageLink to="/forgot-password">Forgot your password?</PageLink>
    </p>
  </Card>
);
