import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";

/**
 * zxcvbn with limits that keep an estimate below 10 ms of CPU (decision 0035). It estimates the first 64
 * characters only; they alone can make a password strong enough.
 */
const zxcvbn = new ZxcvbnFactory({
  dictionary,
  graphs: adjacencyGraphs,
  maxLength: 64,
  l33tMaxSubstitutions: 2,
});

/** Estimated guesses until a password is found. */
export const guessesFor = (password: string): number => zxcvbn.check(password).guesses;
