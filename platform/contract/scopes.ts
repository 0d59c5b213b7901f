import { methods } from "./methods.ts";

/** All scopes that a service account can have: each is required by a method of the contract. */
export const scopes: ReadonlySet<string> = new Set(
  [...methods.values()].flatMap(({ rules }) => rules.scopes),
);
