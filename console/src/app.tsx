import { useState } from "preact/hooks";
import { Figures } from "./figures/figures.tsx";
import { Frame } from "./frame.tsx";
import { usePath } from "./navigation.ts";
import { NotAnAdmin } from "./session/not-an-admin.tsx";
import type { SignedIn } from "./session/sign-in.tsx";
import { SignInPage } from "./session/sign-in-page.tsx";

/** The console: a sign-in, and the view of the path. */
export function App() {
  const [session, setSession] = useState<SignedIn>();
  const [notice, setNotice] = useState<string>();
  const path = usePath();

  const end = (reason?: string) => {
    setSession(undefined);
    setNotice(reason);
  };
  if (!session) return <SignInPage notice={notice} onSignedIn={setSession} />;
  if (session.user.role !== "ADMIN") return <NotAnAdmin session={session} onEnd={end} />;
  return (
    <Frame key={session.user.id} session={session} path={path} onEnd={end}>
      <Figures />
    </Frame>
  );
}
