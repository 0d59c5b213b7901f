import { settingOf } from "../config/config.ts";
import {
  expiryOf,
  type TlsIdentity,
  type TlsReload,
  type TlsValues,
  tlsIdentity,
  tlsProblem,
} from "../config/tls-identity.ts";
import { Job } from "../jobs/jobs.ts";
import type { Logger } from "../telemetry/log.ts";
import { gaugeInSeconds } from "../telemetry/metrics.ts";
import { MutualTls } from "./mutual-tls.ts";

/** TLS of a process. A job reloads its certificates until `stop` is called. */
export interface RunningTls {
  /** Undefined if the process uses plaintext. */
  tls: MutualTls | undefined;
  stop(): Promise<void>;
}

/**
 * Starts TLS with the TLS_* settings. If the certificate files (TLS_CERT_FILE and so on) are replaced, the
 * new files are used within TLS_RELOAD_EVERY. Invalid files are ignored, such as a new certificate before its
 * key is written. Without TLS, logs a warning in production.
 */
export function startTls(config: TlsValues & TlsReload, log: Logger): RunningTls {
  const first = tlsIdentity(config);
  if (!first) {
    if (process.env.NODE_ENV === "production") {
      // Only a warning, because a service mesh may provide TLS outside of the process.
      log.warn(
        "TLS_CERT, TLS_KEY and TLS_CA are not set: gRPC is plaintext, and every host of the network may call",
      );
    }
    return { tls: undefined, stop: async () => {} };
  }
  let current = first;
  const tls = new MutualTls(current);
  gaugeInSeconds("tls.certificate.lifetime", "Time until this process's certificate expires", (report) =>
    report((expiryOf(current).getTime() - Date.now()) / 1000),
  );

  const reload = async () => {
    const values = identitySettings();
    const identity = tlsIdentity(values);
    if (!identity || isSame(identity, current)) return;
    const problem = tlsProblem(values, new Date());
    if (problem) {
      log.warn({ setting: problem.setting }, `new certificates are ignored: ${problem.message}`);
      return;
    }
    current = identity;
    tls.replace(identity);
    log.info({ expireTime: expiryOf(identity) }, "new certificates are in use");
  };
  const job = new Job("reload certificates", config.TLS_RELOAD_EVERY, reload, log);
  job.start();
  return { tls, stop: () => job.stop() };
}

const identitySettings = () => ({
  TLS_CERT: settingOf("TLS_CERT"),
  TLS_KEY: settingOf("TLS_KEY"),
  TLS_CA: settingOf("TLS_CA"),
});

const isSame = (one: TlsIdentity, other: TlsIdentity): boolean =>
  one.cert === other.cert && one.key === other.key && one.ca === other.ca;
