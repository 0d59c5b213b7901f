import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids.ts";
import type { Account } from "./account-store.ts";

/** E-mails compare lower-cased, byte for byte. */
export const canonicalEmail = (email: string): string => email.toLowerCase();

/** A name as it is kept: composed (Unicode NFC), without space around it. */
export const canonicalName = (name: string): string => name.normalize("NFC").trim();

/** An account as it is when it is made. Throws INVALID_REQUEST for a blank name. */
export function newAccount(
  { email, fullName, role }: { email: string; fullName: string; role: Role },
  now: Date,
): Account {
  const name = canonicalName(fullName);
  if (name === "") throw invalidField("full_name", "must not be blank");
  return {
    id: newId(),
    email: canonicalEmail(email),
    fullName: name,
    role,
    status: "ACTIVE",
    emailVerified: false,
    mfaEnabled: false,
    dateOfBirth: "",
    phone: "",
    timeZone: "",
    locale: "",
    version: 1,
    createTime: now,
  };
}
