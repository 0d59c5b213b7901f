import { useState } from "preact/hooks";
import { AuditTrail } from "./audit/audit-trail.tsx";
import { DeadLetters } from "./dead-letters/dead-letters.tsx";
import { Figures } from "./figures/figures.tsx";
import { Frame } from "./frame.tsx";
import { Licenses } from "./licenses/licenses.tsx";
import { ForgotPassword } from "./mail-links/forgot-password.tsx";
import { useLinkToken } from "./mail-links/link-token.ts";
import { ResetPassword } from "./mail-links/reset-password.tsx";
import { VerifyEmail } from "./mail-links/verify-email.tsx";
import { usePath } from "./navigation.ts";
import { NotAnAdmin } from "./session/not-an-admin.tsx";
import type { SignedIn } from "./session/sign-in.tsx";
import { SignInPage } from "./session/sign-in-page.tsx";

/** The page of the path. Those of mailed links are for everybody, all others for admins. */
export function App() {
  const path = usePath();
  const linkToken = useLinkToken();
  switch (path) {
    case "/verify-email":
      return <VerifyEmail token={linkToken} />;
    case "/reset-password":
      return <ResetPassword token={linkToken} />;
    case "/forgot-password":
      return <ForgotPassword />;
    default:
      return <AdminPages path={path} />;
  }
}

/** The view of the path, after a sign-in. */
function AdminPages({ path }: { path: string }) {
  const [session, setSession] = useState<SignedIn>();
  const [notice, setNotice] = useState<string>();

  const end = (reason?: string) => {
    setSession(undefined);
    setNotice(reason);
  };
  if (!session) return <SignInPage notice={notice} onSignedIn={setSession} />;
  if (session.user.role !== "ADMIN") return <NotAnAdmin session={session} onEnd={end} />;
  return (
    <Frame key={session.user.id} session={session} path={path} onEnd={end}>
      <View path={path} />
    </Frame>
  );
}

function View({ path }: { path: string }) {
  switch (path) {
    case "/licenses":
      return <Licenses />;
    case "/audit":
      return <AuditTrail />;
    case "/dead-letters":
      return <DeadLetters />;
    default:
      return <Figures />;
  }
}
