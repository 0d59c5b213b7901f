// `npm run test:kubernetes`: checks the overlays of deploy/kubernetes, and starts the processes as they say.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBundles } from "@medconnect/deploy/bundles/bundles.ts";
import { Server } from "@medconnect/dev/engines/server.ts";
import { stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";
import { ensureCertificates } from "@medconnect/ops/certificates/certificate-folder.ts";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { report } from "../support/tool-folder.ts";
import { problemsOf } from "./checks.ts";
import {
  buildCheck,
  containerOf,
  environmentOf,
  type KubernetesObject,
  render,
  type Secrets,
  secretsIn,
} from "./manifests.ts";
import { type Environments, migrate, rehearse, withDatabases } from "./rehearsal.ts";
import { usage } from "./run.usage.mjs";

const ROOT = join(import.meta.dirname, "../..");
const OVERLAYS = ["kind", "production"] as const;

runCommand({
  ...usage,
  run: async () => {
    if (!buildCheck()) {
      report("SKIPPED: there is no Go on this machine, so the manifests are not checked");
      return 0;
    }
    const folder = await mkdtemp(join(tmpdir(), "medconnect-kubernetes-"));
    stopSignal(() => {
      Server.killAll();
      process.exit(130);
    });
    try {
      return await check(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/** Checks a copy of the manifests, because the overlay for kind needs secrets and certificates in its folder. */
async function check(folder: string): Promise<number> {
  await cp(join(ROOT, "deploy/kubernetes"), folder, { recursive: true });
  const kind = join(folder, "overlays/kind");
  const certificates = join(kind, ".certs");
  execFileSync(process.execPath, [join(ROOT, "deploy/docker/make-env.mjs"), join(kind, ".env")]);
  await ensureCertificates(certificates, { days: 1, renew: false });
  const rendered = render(OVERLAYS.map((name) => join(folder, "overlays", name)));
  const secrets = secretsIn(rendered[0]!);
  let problems = 0;
  for (const [i, name] of OVERLAYS.entries()) {
    report(`${name}: ${rendered[i]!.length} objects are valid`);
    for (const problem of problemsOf(rendered[i]!)) {
      report(`PROBLEM: ${name}: ${problem}`);
      problems += 1;
    }
  }
  await ensureBundles();
  await withDatabases(async (databases) => {
    for (const [i, name] of OVERLAYS.entries()) {
      const known = name === "kind" ? secrets : secretsOfProduction(secrets);
      const job = containerOf(rendered[i]!, "Job", "migrate");
      migrate(job.args, environmentOf(job, rendered[i]!, known), databases);
      await rehearse(environmentsOf(rendered[i]!, known), { databases, certificates });
      report(`${name}: the migration and every process run with their environments`);
    }
  });
  return problems === 0 ? 0 : 1;
}

/** Secrets as an operator of a production makes them: those of kind, and the accounts of other companies. */
function secretsOfProduction(secrets: Secrets): Secrets {
  const password = () => randomBytes(24).toString("base64url");
  return {
    ...secrets,
    "medconnect-auth": {
      ...secrets["medconnect-auth"],
      MAIL_URL: `smtps://medconnect:${password()}@mail.example.org:465`,
    },
    "medconnect-billing": {
      ...secrets["medconnect-billing"],
      STRIPE_API_KEY: `sk_live_${password()}`,
      STRIPE_WEBHOOK_SECRET: `whsec_${password()}`,
    },
  };
}

const environmentsOf = (objects: readonly KubernetesObject[], secrets: Secrets): Environments =>
  Object.fromEntries(
    PROCESSES.map((name) => [
      name,
      environmentOf(containerOf(objects, "Deployment", name), objects, secrets),
    ]),
  ) as Environments;
