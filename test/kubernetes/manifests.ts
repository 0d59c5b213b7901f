import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

/** A reference to a key of a Secret or ConfigMap. */
interface KeyRef {
  name: string;
  key: string;
  optional?: boolean;
}

interface Container {
  name: string;
  args: string[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef: KeyRef } }[];
  envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
}

/** The fields of a Kubernetes object that the test reads. */
export interface KubernetesObject {
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  /** Values of a ConfigMap; in a Secret, in base64. */
  data?: Record<string, string>;
  spec?: { template?: { spec: { containers: Container[] } } };
}

/** Values of Secrets by name and key. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

const SOURCE = join(import.meta.dirname, "check");
const PROGRAM = join(import.meta.dirname, "../../.local/kubernetes-check");

/** Builds the program that renders and decodes. @returns false if this machine has no Go */
export function buildCheck(): boolean {
  const { status, stderr, error } = spawnSync("go", ["build", "-o", PROGRAM, "."], {
    cwd: SOURCE,
    encoding: "utf8",
  });
  if (error) return false;
  if (status !== 0) throw new SetupError(`go build failed:\n${stderr}`);
  return true;
}

/** Renders overlays, and decodes their objects strictly. @returns the objects of each */
export function render(overlays: readonly string[]): KubernetesObject[][] {
  const { status, stdout, stderr } = spawnSync(PROGRAM, overlays, {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new SetupError(stderr.trim());
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The Secrets among the objects. */
export const secretsIn = (objects: readonly KubernetesObject[]): Secrets =>
  Object.fromEntries(
    objects
      .filter(({ kind }) => kind === "Secret")
      .map(({ metadata, data = {} }) => [
        metadata.name,
        Object.fromEntries(
          Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]),
        ),
      ]),
  );

/** The container of a workload. Throws if there is none. */
export function containerOf(objects: readonly KubernetesObject[], kind: string, name: string): Container {
  const object = objects.find((each) => each.kind === kind && each.metadata.name === name);
  const container = object?.spec?.template?.spec.containers[0];
  if (!container) throw new Error(`There is no ${kind} ${name}.`);
  return container;
}

/** Environment of a container, as Kubernetes makes it. Throws if a value is missing. */
export function environmentOf(
  { env = [], envFrom = [] }: Container,
  objects: readonly KubernetesObject[],
  secrets: Secrets,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { configMapRef, secretRef } of envFrom) {
    if (configMapRef) Object.assign(environment, dataOf(objects, configMapRef.name));
    if (secretRef) Object.assign(environment, secrets[secretRef.name] ?? missing(`Secret ${secretRef.name}`));
  }
  for (const { name, value, valueFrom } of env) {
    const ref = valueFrom?.secretKeyRef;
    const found = ref ? secrets[ref.name]?.[ref.key] : value;
    if (found !== undefined) environment[name] = found;
    else if (!ref?.optional) missing(`key ${ref?.key} of Secret ${ref?.name}`);
  }
  return environment;
}

const dataOf = (objects: readonly KubernetesObject[], configMap: string): Record<string, string> =>
  objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === configMap)?.data ??
  missing(`ConfigMap ${configMap}`);

function missing(thing: string): never {
  throw new Error(`There is no ${thing}.`);
}
