import type { ComponentChildren } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { ConsolePath } from "../paths.ts";
import { PageLink } from "./parts/page-link.tsx";
import { AdminCalls, AdminCallsContext } from "./session/admin-calls.ts";
import type { Connection } from "./session/connection.ts";
import { FreshSignIn } from "./session/fresh-sign-in.tsx";
import type { SignedIn } from "./session/sign-in.tsx";
import { signOut } from "./session/sign-out.ts";

const VIEWS: readonly [path: ConsolePath, title: string][] = [
  ["/", "Figures"],
  ["/licenses", "Licences"],
  ["/audit", "Audit trail"],
  ["/dead-letters", "Dead letters"],
];

export interface FrameProps {
  session: SignedIn;
  /** Path of the current view. */
  path: string;
  /** @param reason to show; absent if the admin signed out */
  onEnd(reason?: string): void;
  children: ComponentChildren;
}

type Answer = (connection: Connection | undefined) => void;

/** Surroundings of an admin's views: the navigation, and the dialog of a fresh sign-in. */
export function Frame({ session: { connection, user }, path, onEnd, children }: FrameProps) {
  const [answer, setAnswer] = useState<{ resolve: Answer }>();
  const main = useRef<HTMLElement>(null);
  const calls = useMemo(
    () =>
      new AdminCalls({
        connection,
        signInAgain: () => new Promise((resolve) => setAnswer({ resolve })),
        onEnded: () => onEnd("Your session has ended. Sign in again."),
      }),
    [connection],
  );
  const endDialog: Answer = (fresh) => {
    if (fresh) signOut(calls.connection);
    answer?.resolve(fresh);
    setAnswer(undefined);
  };
  return (
    <AdminCallsContext.Provider value={calls}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header>
        <p class="brand">MedConnect</p>
        <nav aria-label="Console">
          {VIEWS.map(([view, title]) => (
            <PageLink key={view} to={view} isCurrent={view === path}>
              {title}
            </PageLink>
          ))}
        </nav>
        <p class="account">
          <span title={user.email}>{user.fullName}</span>
          <button
            type="button"
            class="link"
            onClick={() => {
              signOut(calls.connection);
              onEnd();
            }}
          >
            Sign out
          </button>
        </p>
      </header>
      <main ref={main} tabIndex={-1}>
        {children}
      </main>
      {answer && <FreshSignIn email={user.email} onEnd={endDialog} />}
    </AdminCallsContext.Provider>
  );
}
