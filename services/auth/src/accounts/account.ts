import type { Role } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";

/** A user's account, without its credentials. */
export interface Account extends Profile {
  readonly id: string;
  /** Normalized by the rules of the contract, so equal addresses have the same bytes. */
  readonly email: string;
  readonly role: Role;
  readonly status: Status;
  readonly emailVerified: boolean;
  readonly mfaEnabled: boolean;
  /** Grows with each change that clients see. */
  readonly version: number;
  readonly createTime: Date;
}

export type Status = "ACTIVE" | "DISABLED";

/** Fields that users may change themselves. An empty text means that the user has not given the value. */
export interface Profile {
  readonly fullName: string;
  /** YYYY-MM-DD. */
  readonly dateOfBirth: string;
  readonly phone: string;
  readonly timeZone: string;
  readonly locale: string;
  /** ISO 3166 code. */
  readonly region: string;
}

/** A new account with the hash of its password. */
export interface NewAccount {
  readonly account: Account;
  /** Hash with its parameters and salt, as a PHC string. */
  readonly passwordHash: string;
}

export const newAccount = (
  { email, fullName, role }: Pick<Account, "email" | "fullName" | "role">,
  now: Date,
): Account => ({
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
});
