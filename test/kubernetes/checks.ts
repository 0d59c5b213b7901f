import { readFileSync } from "node:fs";
import { join } from "node:path";
import { authSettings } from "@medconnect/auth/src/settings.ts";
import { billingSettings } from "@medconnect/billing/src/settings.ts";
import { clinicalSettings } from "@medconnect/clinical/src/settings.ts";
import { gatewaySettings } from "@medconnect/gateway/settings.ts";
import { serviceSettings } from "@medconnect/platform/config/config.ts";
import { schedulingSettings } from "@medconnect/scheduling/src/settings.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { containerOf, type KubernetesObject } from "./manifests.ts";

const README = readFileSync(join(import.meta.dirname, "../../deploy/kubernetes/README.md"), "utf8");
const SETTINGS = Object.keys({
  ...serviceSettings,
  ...gatewaySettings,
  ...authSettings,
  ...schedulingSettings,
  ...clinicalSettings,
  ...billingSettings,
});

/** Finds what Kubernetes accepts, but MedConnect does not mean. */
export const problemsOf = (objects: readonly KubernetesObject[]): string[] => [
  ...unknownSettings(objects),
  ...PROCESSES.flatMap((name) => [...probeProblems(objects, name), ...unexplainedSecrets(objects, name)]),
];

/** Settings in ConfigMaps that no process reads, such as misspelled ones. */
const unknownSettings = (objects: readonly KubernetesObject[]): string[] =>
  objects
    .filter(({ kind }) => kind === "ConfigMap")
    .flatMap(({ metadata, data = {} }) =>
      Object.keys(data)
        .filter((name) => !SETTINGS.includes(name.replace(/_FILE$/, "")))
        .map((name) => `ConfigMap ${metadata.name}: no process has a setting ${name}`),
    );

/** An outage of auth must not kill pods that start, so only readiness may wait for auth. */
function probeProblems(objects: readonly KubernetesObject[], name: string): string[] {
  const container = containerOf(objects, "Deployment", name) as unknown as Record<string, Probe | undefined>;
  return Object.entries({ startupProbe: "/healthz", livenessProbe: "/healthz", readinessProbe: "/readyz" })
    .filter(([probe, path]) => container[probe]?.httpGet?.path !== path)
    .map(([probe, path]) => `${name}: the ${probe} does not ask ${path}`);
}

interface Probe {
  httpGet?: { path: string };
}

/** Keys of Secrets that the README does not list. */
const unexplainedSecrets = (objects: readonly KubernetesObject[], name: string): string[] =>
  (containerOf(objects, "Deployment", name).env ?? [])
    .flatMap(({ valueFrom }) => valueFrom?.secretKeyRef.key ?? [])
    .filter((key) => !README.includes(`\`${key}\``))
    .map((key) => `${name}: the README does not name ${key}`);
