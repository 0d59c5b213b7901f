import type { Role } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids.ts";
import type { Account } from "./account-store.ts";

/** An account as it is when it is made. E-mails compare byte for byte, in the form that the contract keeps them in. */
export function newAccount(
  { email, fullName, role }: { email: string; fullName: string; role: Role },
  now: Date,
): Account {
  return {
    id: newId(),
    email,
    fullName,
    role,
    status: "ACTIVE",
    emailVerified: false,
    mfaEnabled: false,
    dateOfBirth: "",
    phone: "",
    timeZone: "",
    locale: "",
    region: "",
    version: 1,
    createTime: now,
  };
}
