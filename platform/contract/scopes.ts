import { methods } from "./methods.ts";

/** All scopes that service accounts can have: those that methods of the contract name. */
export const scopes: ReadonlySet<string> = new Set(
  [...methods.values()].flatMap(({ rules }) => rules.scopes),
);
