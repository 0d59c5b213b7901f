import { methods } from "./methods.ts";

/** Every scope that a method of the contract names: what service accounts can be given. */
export const scopes: ReadonlySet<string> = new Set(
  [...methods.values()].flatMap(({ rules }) => rules.scopes),
);
