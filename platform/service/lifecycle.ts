import { flushCompileCache } from "node:module";
import { useLeanBind } from "../memory/lean-bind.ts";
import type { Logger } from "../telemetry/log.ts";

export interface LifecycleOptions {
  log: Logger;
  /** How long `drain` may take. */
  timeoutMs: number;
  /** Finishes what was begun and lets go of everything. */
  drain: () => Promise<void>;
}

/** Waits for SIGTERM or SIGINT, drains, and ends the process: 0 when all was finished, 1 when time ran out. */
export function runUntilSignal({ log, timeoutMs, drain }: LifecycleOptions): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "draining");
    setTimeout(() => {
      log.error("drain took too long");
      process.exit(1);
    }, timeoutMs).unref();
    drain().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, "drain failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

/** Runs `main`; what it throws before the process serves ends it with one clear line. */
export function startProcess(name: string, main: () => Promise<void>): void {
  // Where NODE_COMPILE_CACHE is set, the next start is a third shorter, also after a crash: by itself Node writes only as it exits.
  flushCompileCache();
  useLeanBind();
  main().catch((error: NodeJS.ErrnoException) => {
    const reason =
      error.code === "EADDRINUSE" || /EADDRINUSE|already in use/.test(error.message)
        ? "its port is in use"
        : error.message;
    process.stderr.write(`${name} cannot start: ${reason}\n`);
    process.exit(1);
  });
}
