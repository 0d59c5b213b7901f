import { logout } from "@medconnect/client";
import type { Connection } from "./connection.ts";

/** Ends a session. A failure is left alone: the page has no more use for the tokens, and they expire. */
export function signOut({ client }: Connection): void {
  client.call(logout, {}).catch(() => {});
}
