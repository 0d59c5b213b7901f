import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";

/**
 * Password estimator, with limits that keep an estimate below 10 ms of CPU (decision 0035). Only the first 64
 * characters are estimated, because they alone can make a password strong enough.
 */
const zxcvbn = new ZxcvbnFactory({
  dictionary,
  graphs: adjacencyGraphs,
  maxLength: 64,
  l33tMaxSubstitutions: 2,
});

/** Estimated number of guesses that an attacker needs to find the password. */
export const guessesFor = (password: string): number => zxcvbn.check(password).guesses;
