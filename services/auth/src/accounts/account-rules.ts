import type { Role } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Account } from "./account-store.ts";

/** A new account. E-mails compare byte for byte, in the contract's canonical form. */
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
