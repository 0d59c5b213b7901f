import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import type { Secrets } from "@medconnect/ops/settings/running-stack.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { refuseIfRunning } from "../engines/engine.ts";

/** Name of a file that marks a folder as a data folder. */
const MARKER = "medconnect-data";

/** Folder of one local system: databases, secrets, logs and stack.json. */
export class DataFolder {
  readonly path: string;
  readonly secrets: Secrets;
  /** True if the folder had no secrets, so that the constructor made new ones. */
  readonly isNew: boolean;

  /** Opens the folder. Makes it if it is absent or empty. */
  constructor(path: string) {
    this.path = resolve(path);
    if (isForeign(this.path)) {
      throw new SetupError(`${this.path} is not a data folder; choose another with --data-dir.`);
    }
    mkdirSync(this.file("logs"), { recursive: true, mode: 0o700 });
    writeFileSync(this.file(MARKER), "");
    this.isNew = !existsSync(this.file("secrets.json"));
    if (this.isNew) this.writePrivate("secrets.json", makeSecrets());
    // A folder that an older version made may lack some secrets. Those secrets are added here.
    const kept = JSON.parse(readFileSync(this.file("secrets.json"), "utf8"));
    this.secrets = { ...makeSecrets(), ...kept };
    if (Object.keys(this.secrets).some((name) => !(name in kept)))
      this.writePrivate("secrets.json", this.secrets);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Folder to which mails are written instead of being sent. */
  get mailFolder(): string {
    return this.file("mail");
  }

  logFile(name: string): string {
    return join(this.path, "logs", `${name}.log`);
  }

  /** Deletes the secrets. Only allowed while no stored data is encrypted with them. */
  forgetSecrets(): void {
    rmSync(this.file("secrets.json"));
  }

  /** Writes JSON atomically to a file that only this user can read. */
  writePrivate(name: string, content: object): void {
    const temporary = this.file(`${name}.new`);
    writeFileSync(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, this.file(name));
  }
}

/** Deletes a data folder. Throws if the folder is not a data folder, or if its databases still run. */
export function resetDataFolder(path: string): void {
  if (isForeign(path))
    throw new SetupError(`${resolve(path)} is not a data folder, so nothing was deleted. Check --data-dir.`);
  for (const engine of ["mysql", "redis"]) refuseIfRunning(join(path, engine));
  rmSync(path, { recursive: true, force: true });
}

function isForeign(path: string): boolean {
  if (!existsSync(path)) return false;
  const names = readdirSync(path);
  return names.length > 0 && !names.includes(MARKER);
}

function makeSecrets(): Secrets {
  const key = () => randomBytes(32).toString("base64");
  const password = () => randomBytes(24).toString("base64url");
  const perService = (make: () => string) =>
    Object.fromEntries(SERVICES.map((service) => [service, make()])) as Record<ServiceName, string>;
  return {
    mysqlPassword: password(),
    redisPassword: password(),
    internalKey: key(),
    dataKeys: perService(key),
    auditKeys: perService(key),
    databasePasswords: perService(password),
    webhookSecret: password(),
  };
}
