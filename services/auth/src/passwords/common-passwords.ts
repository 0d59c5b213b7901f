import { dictionary } from "@zxcvbn-ts/language-common";

/** Some 49,000 passwords that leaked most often, lower-cased. */
const common: ReadonlySet<string> = new Set(dictionary["passwords-common"]);

/** Whether a lower-cased password is among those that everyone tries first. */
export const isCommonPassword = (password: string): boolean => common.has(password);
