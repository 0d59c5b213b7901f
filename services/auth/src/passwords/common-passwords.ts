import { dictionary } from "@zxcvbn-ts/language-common";

/** The most frequent 49,000 leaked passwords, lower-cased. */
const common: ReadonlySet<string> = new Set(dictionary["passwords-common"]);

/** @param password lower-cased */
export const isCommonPassword = (password: string): boolean => common.has(password);
