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
import { gauge } from "../telemetry/metrics.ts";
import { MutualTls } from "./mutual-tls.ts";

/** A process's TLS to its peers, and what keeps its certificates current. */
export interface RunningTls {
  /** Undefined where peers talk in the clear. */
  tls: MutualTls | undefined;
  stop(): Promise<void>;
}

/**
 * Sets up what the TLS_* settings say. Where they are given as files (TLS_CERT_FILE and so on), replaced ones are taken up
 * within TLS_RELOAD_EVERY; what would not work, such as a certificate whose key is not written yet, is left alone. Where
 * there are none, production logs a warning.
 */
export function startTls(config: TlsValues & TlsReload, log: Logger): RunningTls {
  const first = tlsIdentity(config);
  if (!first) {
    if (process.env.NODE_ENV === "production") {
      // No reason not to start: a service mesh does the same outside of the processes.
      log.warn(
        "TLS_CERT, TLS_KEY and TLS_CA are not set: gRPC is in the clear, and whoever is in the network may call",
      );
    }
    return { tls: undefined, stop: async () => {} };
  }
  let current = first;
  const tls = new MutualTls(current);
  gauge("tls.certificate.lifetime", "Seconds until this process's certificate expires", (report) =>
    report((expiryOf(current).getTime() - Date.now()) / 1000),
  );

  const reload = async () => {
    const values = identitySettings();
    const identity = tlsIdentity(values);
    if (!identity || isSame(identity, current)) return;
    const problem = tlsProblem(values, new Date());
    if (problem) {
      log.warn({ setting: problem.setting }, `new certificates are not used: ${problem.message}`);
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
