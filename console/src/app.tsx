import { useState } from "preact/hooks";
import { AuditTrail } from "./audit/audit-trail.tsx";
import { DeadLetters } from "./dead-letters/dead-letters.tsx";
import { Figures } from "./figures/figures.tsx";
import { Frame } from "./frame.tsx";
import { Licenses } from "./licenses/licenses.tsx";
import { usePath } from "./navigation.ts";
import { NotAnAdmin } from "./session/not-an-admin.tsx";
import type { SignedIn } from "./session/sign-in.tsx";
import { SignInPage } from "./session/sign-in-page.tsx";

/** The console: a sign-in, and the view of the path. */
export function App() {
  const path = usePath();
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
