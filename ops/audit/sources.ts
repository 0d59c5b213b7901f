import { keys, loadConfig, settingOf } from "@medconnect/platform/config/config.ts";
import type { ServiceName } from "@medconnect/topology/services.ts";
import { WITNESS_OF } from "@medconnect/topology/services.ts";
import * as z from "zod";
import { SetupError } from "../command/setup-error.ts";
import { RunningStack, servicesNamed } from "../settings/running-stack.ts";

/** Database address and keys of a service's audit trail. */
export interface Source {
  service: ServiceName;
  databaseUrl: string;
  witnessUrl: string | undefined;
  keys: Buffer[];
  /**
   * DATA_KEY of auth; undefined for other services. With this key, the check compares the rights in auth's
   * tables with auth's audit trail.
   */
  dataKeys: z.infer<typeof keys> | undefined;
}

/**
 * Returns the audit trail of one service, or those of all services if `name` is undefined.
 *
 * @param asksWitness true to compare the seals with the checkpoints at another service
 */
export function sourcesOf(name: string | undefined, asksWitness: boolean): Source[] {
  const services = servicesNamed(name);
  if (settingOf("DATABASE_URL")) {
    const [service, ...others] = services;
    if (!service || others.length > 0) {
      throw new SetupError("DATABASE_URL is set: name its service with --service.");
    }
    return [sourceInEnvironment(service, asksWitness)];
  }
  const stack = new RunningStack("DATABASE_URL");
  return services.map((service) => ({
    service,
    databaseUrl: stack.databaseOf(service),
    witnessUrl: asksWitness ? stack.databaseOf(WITNESS_OF[service]) : undefined,
    keys: keys.parse(stack.secrets.auditKeys[service]),
    dataKeys: service === "auth" ? keys.parse(stack.secrets.dataKeys.auth) : undefined,
  }));
}

function sourceInEnvironment(service: ServiceName, asksWitness: boolean): Source {
  const settings = {
    DATABASE_URL: z.string(),
    WITNESS_DATABASE_URL: z.string().optional(),
    AUDIT_KEY: keys,
    DATA_KEY: service === "auth" ? keys : keys.optional(),
  };
  const { DATABASE_URL, WITNESS_DATABASE_URL, AUDIT_KEY, DATA_KEY } = loadConfig(settings, process.env, 2);
  if (asksWitness && !WITNESS_DATABASE_URL) {
    throw new SetupError(
      "WITNESS_DATABASE_URL is missing; --no-witness works without it, but cannot find a truncated end.",
    );
  }
  const witnessUrl = asksWitness ? WITNESS_DATABASE_URL : undefined;
  return {
    service,
    databaseUrl: DATABASE_URL,
    witnessUrl,
    keys: AUDIT_KEY,
    dataKeys: service === "auth" ? DATA_KEY : undefined,
  };
}
