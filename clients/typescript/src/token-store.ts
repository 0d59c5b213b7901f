/** The tokens of a signed-in user. */
export interface Tokens {
  accessToken: string;
  refreshToken: string;
  /** End of the access token, in ms since 1970. */
  expireTimeMs: number;
  /**
   * Idempotency-Key of the refresh with this token. All that share the store send the same key, so a refresh
   * whose answer was lost can be repeated for ten seconds. With another key, the API would take the repeat for
   * a theft and end the session.
   */
  refreshKey: string;
}

/** A place for the tokens of one session, which several clients, tabs or processes may share. */
export interface TokenStore {
  read(): Promise<Tokens | undefined>;
  /** @param tokens undefined to delete them */
  write(tokens: Tokens | undefined): Promise<void>;
  /** Runs a task while no other client that shares the store runs one. */
  lock<Result>(task: () => Promise<Result>): Promise<Result>;
}

/** Keeps tokens in memory, for as long as the process or the page lives. */
export function memoryTokens(): TokenStore {
  const lock = queue();
  let kept: Tokens | undefined;
  return {
    read: async () => kept,
    write: async (tokens) => {
      kept = tokens;
    },
    lock,
  };
}

/**
 * Keeps tokens in a Web storage, such as `localStorage`, which tabs share. A Web Lock lets one tab refresh at a
 * time. A script that an attacker injects into the page can read the storage: prefer `memoryTokens` where a
 * new login after each reload is acceptable.
 *
 * @param name key in the storage
 */
export function webTokens(storage: WebStorage, name = "medconnect"): TokenStore {
  const ownLock = queue();
  const { locks } = (globalThis.navigator ?? {}) as { locks?: WebLocks };
  return {
    read: async () => tokensIn(storage.getItem(name)),
    write: async (tokens) =>
      tokens ? storage.setItem(name, JSON.stringify(tokens)) : storage.removeItem(name),
    // Browsers have Web Locks on pages of HTTPS and of localhost only.
    lock: (task) =>
      locks ? (locks.request(`${name} tokens`, task) as ReturnType<typeof task>) : ownLock(task),
  };
}

/** The part of `Storage` that tokens need. */
export interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface WebLocks {
  request(name: string, task: () => Promise<unknown>): Promise<unknown>;
}

/** Parses stored tokens; undefined for other text, such as that of an older version. */
export function tokensIn(text: string | null): Tokens | undefined {
  try {
    const tokens = JSON.parse(text ?? "null");
    return typeof tokens?.refreshToken === "string" ? tokens : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a function that runs tasks one after the other. */
export function queue(): TokenStore["lock"] {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const running = last.then(task, task);
    last = running.catch(() => {});
    return running;
  };
}
