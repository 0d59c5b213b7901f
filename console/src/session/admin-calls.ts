import { type CallOptions, hasReason, type Rpc } from "@medconnect/client";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Connection } from "./connection.ts";

export interface AdminCallsOptions {
  connection: Connection;
  /** Asks the admin to sign in again. @returns undefined if they do not want to */
  signInAgain(): Promise<Connection | undefined>;
  /** The session has ended, by time or by another admin. */
  onEnded(): void;
}

/** Sends the calls of a signed-in admin. */
export class AdminCalls {
  readonly #options: AdminCallsOptions;
  #connection: Connection;

  constructor(options: AdminCallsOptions) {
    this.#options = options;
    this.#connection = options.connection;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Sends a call. If it needs a fresh sign-in, asks for one and sends the call again. */
  async call<Request, Answer>(
    rpc: Rpc<Request, Answer>,
    request: Request,
    options?: CallOptions,
  ): Promise<Answer> {
    const send = () => this.#connection.client.call(rpc, request, options);
    try {
      return await send();
    } catch (error) {
      if (hasReason(error, "REAUTHENTICATION_REQUIRED")) {
        const fresh = await this.#options.signInAgain();
        if (!fresh) throw error;
        this.#connection = fresh;
        return await send();
      }
      if (hasReason(error, "UNAUTHENTICATED", "INVALID_REFRESH_TOKEN")) this.#options.onEnded();
      throw error;
    }
  }
}

export const AdminCallsContext = createContext<AdminCalls | undefined>(undefined);

/** The calls of the admin who is signed in. */
export function useAdminCalls(): AdminCalls {
  const calls = useContext(AdminCallsContext);
  if (!calls) throw new Error("no admin is signed in");
  return calls;
}
