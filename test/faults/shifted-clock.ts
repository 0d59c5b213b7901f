import type { Server } from "@medconnect/dev/engines/server.ts";

/** Settings of a process whose clock is ahead of this machine's by some time, or behind by a negative one. */
export const clockAhead = (ms: number) => ({
  NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(`(${shiftClock})(${ms})`)}"`,
});

/** Restarts a process with other settings. @returns a function that restarts it with its own */
export async function restartWith(server: Server, settings: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  const own = Object.fromEntries(Object.keys(settings).map((name) => [name, server.env[name]]));
  Object.assign(server.env, settings);
  await server.restart();
  return async () => {
    Object.assign(server.env, own);
    await server.restart();
  };
}

/** Runs in the process before its code. `Date` has no other source of time there. */
function shiftClock(ms: number): void {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...args: [] | [number]) {
      if (args.length === 0) super(RealDate.now() + ms);
      else super(...args);
    }
    static override now = () => RealDate.now() + ms;
  } as DateConstructor;
}
