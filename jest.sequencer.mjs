import { readFileSync } from "node:fs";
import Sequencer from "@jest/test-sequencer";

/** Tests that start their own system take the longest, though their files are short. */
const OWN_SYSTEM = /startOwnStack|test\/faults\/run\.ts/;

/** Starts the longest tests first, so that no worker idles at the end. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => OWN_SYSTEM.test(readFileSync(path, "utf8"));
    const { long = [], others = [] } = Object.groupBy(super.sort(tests), (test) =>
      isLong(test) ? "long" : "others",
    );
    return [...long, ...others];
  }
}
