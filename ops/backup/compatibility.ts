import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { checksumOf } from "@medconnect/platform/db/migrate.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { SetupError } from "../command/setup-error.ts";
import { migrationDirectories } from "../schemas/provision.ts";
import type { Manifest } from "./file/format.ts";

/** Throws SetupError if a schema of the backup has a migration that this release lacks, or has otherwise. */
export async function refuseNewerSchemas({ schemas, release }: Manifest): Promise<void> {
  for (const service of SERVICES) {
    const own = await checksumsOf(service);
    const unknown = schemas[service].migrations.find(({ name, checksum }) => own.get(name) !== checksum);
    if (!unknown) continue;
    throw new SetupError(
      `The backup was made by release ${release.version} (commit ${release.commit}), whose migration ${unknown.name} ` +
        `of ${service} this release ${own.has(unknown.name) ? "has otherwise" : "lacks"}. Restore with that release.`,
    );
  }
}

/** Checksums of this release's migrations of a service, by name. */
async function checksumsOf(service: ServiceName): Promise<Map<string, string>> {
  const checksums = new Map<string, string>();
  for (const directory of migrationDirectories(service)) {
    for (const name of (await readdir(directory)).filter((file) => file.endsWith(".sql"))) {
      checksums.set(name, checksumOf(await readFile(join(directory, name), "utf8")));
    }
  }
  return checksums;
}
