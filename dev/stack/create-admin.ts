import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import type { Stack } from "./stack.ts";

export interface AdminAccount {
  email: string;
  fullName: string;
  password: string;
}

/** Creates an admin of a local system with `npm run admin:create`, unless the account exists. */
export async function createAdmin(
  { processes }: Stack,
  { email, fullName, password }: AdminAccount,
): Promise<void> {
  const args = ["ops/create-admin.ts", "--email", email, "--full-name", fullName];
  const env = { ...processes.auth.env, ADMIN_PASSWORD: password };
  try {
    await promisify(execFile)(process.execPath, args, { env });
  } catch (error) {
    throw new SetupError(`Cannot create the admin: ${(error as { stderr: string }).stderr.trim()}`);
  }
}
